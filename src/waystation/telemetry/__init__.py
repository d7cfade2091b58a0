"""What the operator sees: metrics and logs. Fed by the pipeline's settlement; it asks nothing of anyone."""
