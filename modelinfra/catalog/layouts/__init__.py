"""How a model's directory must look, one small checker per layout. No Pulumi import."""
