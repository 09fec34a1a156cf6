"""The record's pure part: what an event is, how events are chained, proven, exported and verified.

Nothing here reads a clock, a database or the network. The log's rules in one place:

- an event's canonical bytes are RFC 8785 JSON (`envelope`), chained per workflow (`chain`);
- the hash of every committed event is a leaf of one RFC 6962 Merkle tree (`merkle`), whose size
  and root are signed as C2SP checkpoints (`checkpoint`);
- a bundle takes a stretch of the log away (`bundle`) and is verified with public keys (`verify`).
"""
