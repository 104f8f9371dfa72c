"""Training a model from labelled texts. Nothing of it is imported by the service: it needs the extra `train`."""
