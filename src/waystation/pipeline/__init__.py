"""The journey of a request: accept, identify, parse, shape, plan, dispatch, relay, settle."""
