"""A wallet provider's JSON interface as Kafalat calls it (docs/wallet-api.md): messages, signatures, client."""
