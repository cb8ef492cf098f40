"""Programs of the language from a grammar of its own: few lines that ask for much, odd numbers."""

from __future__ import annotations

from random import Random

NUMBERS = ("0", "1", "2", "3", "4", "-1", "0.5", "1e30", "inf", "-inf", "nan", "9007199254740992",
           "10 ** 12", "600", "n")  # fmt: skip
ENCODINGS = ("f32", "f32", "f32", "f64", "i32", "i64", "u8")
STAGES = ("relu", "tanh", "flatten", "concat", "identity", "softmax", "dense(4)", "dense(3)",
          "dense(4) as h", "dense(4) as dense1", "dense(4, bias = [1, 2, 3, 4])", "batch_norm",
          "batch_norm(epsilon = 0, variance = zeros)", "argmax", "cast(f32)", "b", "b as h", "l",
          "dense(4, weights = he, bias = ones)", "gather([0, 1, 2, 3])")  # fmt: skip
MOST_LINES = 24
MOST_WIDE = 10


class Sentences:
    """The lines of one program, each of which may name those before it."""

    def __init__(self, draw: Random) -> None:
        self.draw = draw
        self.arrays: list[str] = []
        self.values = ["x"]

    def program(self) -> str:
        """A program that can be parsed."""
        draw = self.draw
        # What is checked last is met only where all else is right: in few lines.
        most = draw.choice((1, 2, MOST_LINES))
        lets = ["let n = 3"]
        for number in range(draw.randrange(1 + most // 2)):
            lets.append(f"let a{number} = {self.array()}")
            self.arrays.append(f"a{number}")
        lets += [f"let t{number} = {self.tensor()}" for number in range(draw.randrange(3))]
        lets += [f"let c{n} = c{draw.randrange(4)} + c{draw.randrange(4)}" for n in range(4)
                 if draw.random() < 0.1]  # fmt: skip
        block = f"block b {{\n  input v\n  v1 = v{self.flow()}\n  output dense1 = {self.end()}\n}}"
        lines = [f"  input x: {draw.choice(ENCODINGS)}[4]"]
        lines += ["  layer l = dense(4)"] * (draw.random() < 0.3)
        doubled = draw.random() < 0.05
        for number in range(40 if doubled else draw.randrange(most)):
            value = f"({self.values[-1]}, {self.values[-1]})" if doubled else self.value()
            lines.append(f"  g{number} = {value}")
            self.values.append(f"g{number}")
        lines.append(f"  output y = {self.value()}")
        model = "\n".join(["model m {", *lines, "}"])
        return "\n".join([*lets, block, model, *self.sections()]) + "\n"

    def end(self) -> str:
        """What a block hands out."""
        return self.draw.choice(("v1", "v1 -> relu", "(v1 -> dense(4) as dense1) + 1"))

    def array(self) -> str:
        """An array of numbers, or the same array several times."""
        draw, wide = self.draw, self.draw.randint(1, MOST_WIDE)
        if self.arrays and draw.random() < 0.8:
            return f"[{', '.join([draw.choice(self.arrays[-2:])] * wide)}]"
        return f"[{', '.join(draw.choice(NUMBERS[:6]) for _ in range(wide))}]"

    def tensor(self) -> str:
        """What is known at compile time and may become a tensor."""
        draw = self.draw
        name = draw.choice((*self.arrays[-2:], draw.choice(NUMBERS), "[1, 2]"))
        operation = draw.choice(("", "", f" {draw.choice('+-*/')} {draw.choice(NUMBERS)}"))
        return f"{draw.choice(ENCODINGS)}({name}){operation}"

    def number(self) -> str:
        """A number, written out or that of an array."""
        draw = self.draw
        if self.arrays and draw.random() < 0.2:
            name = draw.choice(self.arrays[-2:])
            return draw.choice((f"size({name})", f"shape({name})[0]", f"rank({name})"))
        return draw.choice(NUMBERS)

    def value(self) -> str:
        """What may flow."""
        draw, first, last = self.draw, self.draw.choice(self.values), self.values[-1]
        match draw.randrange(6):
            case 0:
                return f"({last}, {last})"
            case 1:
                return f"{first} {draw.choice('+-*/')} {self.number()}"
            case 2:
                return f"{first} -> {draw.choice(('add', 'sub', 'mul', 'div'))}({self.number()})"
            case 3:
                return self.tensor()
            case _:
                return f"{draw.choice((first, last))}{self.flow()}"

    def flow(self, depth: int = 0) -> str:
        """Some stages behind a value."""
        return "".join(f" -> {self.stage(depth)}" for _ in range(self.draw.randint(1, 3)))

    def stage(self, depth: int) -> str:
        """A stage, or a repeat of some."""
        if depth < 3 and self.draw.random() < 0.2:
            inner = self.flow(depth + 1).removeprefix(" -> ")
            return f"repeat {self.number()} {{ {inner} }}"
        return self.draw.choice(STAGES)

    def sections(self) -> list[str]:
        """What stands behind the model."""
        draw, found = self.draw, []
        if draw.random() < 0.3:
            name = draw.choice(("h", "dense1", "h_2", "b.dense1", "l"))
            weights = draw.choice(("keep", "random"))
            found.append(f"train {{ weights = {weights}; layer {name} {{ frozen = true }} }}")
        if draw.random() < 0.3:
            value = draw.choice((*self.arrays[-1:], *NUMBERS))
            found.append(f'target "ideal-64" {{ array.rows = {value} }}')
        return found


def sentences(draw: Random) -> str:
    """A program that can be parsed, and may mean nothing."""
    return Sentences(draw).program()
