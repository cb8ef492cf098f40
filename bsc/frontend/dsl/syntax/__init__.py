"""Text to tree and back: tokens, grammar, what is told of mistakes, the formatter."""
