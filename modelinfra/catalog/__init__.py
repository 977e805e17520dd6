"""Facts as data: model servers, sizes and limits, and tiny pure look-ups. Imports no Pulumi."""
