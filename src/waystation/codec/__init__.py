"""What all dialects share: their protocol, framing, and the bookkeeping of streamed parts. No I/O."""
