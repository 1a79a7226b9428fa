"""The synthetic ward, version 1: courses of events, texts that are told from them, and a ledger of what they state."""
