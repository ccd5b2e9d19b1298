"""The Gradio app, one file per tab. Nothing here knows how a digit is recognised."""
