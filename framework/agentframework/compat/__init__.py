"""Other packages' names on our engine, so that programs written for them change their imports and nothing else."""
