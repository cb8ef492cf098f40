"""The intermediate representation: graphs, their rules, their text, and passes over them."""
