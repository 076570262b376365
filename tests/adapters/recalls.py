"""A bank that answers camt.055 by camt.029, made from classes nobody here wrote: those of pyiso20022, by xsdata."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from pyiso20022.camt import camt_029_001_09 as camt029
from pyiso20022.camt import camt_055_001_08 as camt055
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.serializers import XmlSerializer
from xsdata.models.datatype import XmlDateTime

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.029.001.09"


def request_of(content: bytes) -> camt055.CustomerPaymentCancellationRequestV08:
    """Return a request as pyiso20022 reads it."""
    return XmlParser().from_bytes(content, camt055.Document).cstmr_pmt_cxl_req


def _line(asked: camt055.PaymentTransaction109, status: str) -> camt029.PaymentTransaction103:
    reasons = []
    if status == "RJCR":
        choice = camt029.CancellationStatusReason3Choice(cd="ARDT")
        reasons = [camt029.CancellationStatusReason4(rsn=choice, addtl_inf=["already returned"])]
    amount = asked.orgnl_instd_amt
    return camt029.PaymentTransaction103(
        orgnl_end_to_end_id=asked.orgnl_end_to_end_id,
        tx_cxl_sts=camt029.CancellationIndividualStatus1Code(status),
        cxl_sts_rsn_inf=reasons,
        orgnl_instd_amt=camt029.ActiveOrHistoricCurrencyAndAmount(
            value=Decimal(str(amount.value)), ccy=amount.ccy
        ),
    )


def resolution(
    content: bytes, statuses: Mapping[str, str], *, number: int = 1, confirmed: str = "PECR"
) -> bytes:
    """Answer the request `content`: the status of each payment by its end-to-end id, others ACCR."""
    asked = request_of(content)
    (block,) = asked.undrlyg[0].orgnl_pmt_inf_and_cxl
    lines = [_line(one, statuses.get(one.orgnl_end_to_end_id or "", "ACCR")) for one in block.tx_inf]
    codes = [line.tx_cxl_sts for line in lines]
    party = camt029.Party40Choice(pty=camt029.PartyIdentification135(nm="A bank"))
    document = camt029.Document(
        rsltn_of_invstgtn=camt029.ResolutionOfInvestigationV09(
            assgnmt=camt029.CaseAssignment5(
                id=f"RES-{number}-{asked.assgnmt.id}"[:35],
                assgnr=party,
                assgne=party,
                cre_dt_tm=XmlDateTime.from_string("2026-04-02T10:00:00+05:00"),
            ),
            sts=camt029.InvestigationStatus5Choice(conf=confirmed),
            cxl_dtls=[
                camt029.UnderlyingTransaction22(
                    orgnl_pmt_inf_and_sts=[
                        camt029.OriginalPaymentInstruction30(
                            orgnl_pmt_inf_id=block.orgnl_pmt_inf_id,
                            nb_of_txs_per_cxl_sts=[
                                camt029.NumberOfCancellationsPerStatus1(
                                    dtld_nb_of_txs=str(codes.count(code)), dtld_sts=code
                                )
                                for code in sorted(set(codes), key=str)
                            ],
                            tx_inf_and_sts=lines,
                        )
                    ]
                )
            ],
        )
    )
    return XmlSerializer().render(document, ns_map={None: NAMESPACE}).encode()
