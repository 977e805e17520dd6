"""Tries sample predictions at new replicas before traffic moves to them: what runs in the Lambda function that ECS calls meanwhile.

It stands alone: `function.py` is the whole function, with Python's own library and `samples.json` beside it.
"""
