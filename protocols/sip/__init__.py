"""SIP (RFC 3261) as GB/T 28181 uses it: messages, transactions, dialogs, digest, an endpoint."""
