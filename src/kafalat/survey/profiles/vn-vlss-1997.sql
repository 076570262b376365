-- profile: Vietnam Living Standards Survey 1997-98, the household extract VietNamH of the R package Ecdat, one CSV as published
-- country: VN
-- needs: vietnam_h(sex, age, educyr, farm, urban, hhsize, lntotal, commune)
--
-- What one must know of this survey:
--   * It is of another country than the programme: its facts are declared in vn-vlss-1997.facts.yaml, and it serves to
--     fit and judge scorecards, not for the registry.
--   * sex, age and educyr are the head's; nothing is known of the other members, so there is no roster.
--   * It has no household id: the key is the number of the row in the file.
--   * lntotal is the logarithm of the household's yearly spending in thousand dong. lnmed, lnrlfood and lnexp12m are parts
--     of spending: they would leak the answer and are not read.
--   * commune is the sampling unit. There is no weight.

CREATE TABLE households AS
SELECT
  (rowid + 1)::VARCHAR AS household_key,
  'VN' AS place_pcode,
  CASE lower(trim(urban)) WHEN 'yes' THEN 'urban' WHEN 'no' THEN 'rural' ELSE urban END AS region,
  DATE '1998-01-01' AS interviewed_on,
  trim(commune::VARCHAR) AS psu,
  1000 * exp(lntotal::DOUBLE) AS spending_rupees_year, -- in dong
  hhsize::INTEGER AS household_size,
  lower(trim(sex)) AS head_sex,
  age::INTEGER AS head_age,
  floor(educyr::DOUBLE)::INTEGER AS head_school_years,
  CASE lower(trim(farm)) WHEN 'yes' THEN TRUE WHEN 'no' THEN FALSE ELSE error('not yes or no: ' || farm) END AS farms
FROM vietnam_h;

CREATE TABLE people (
  household_key VARCHAR, line_no INTEGER, relationship VARCHAR, sex VARCHAR, age_years INTEGER, marital_status VARCHAR
);
