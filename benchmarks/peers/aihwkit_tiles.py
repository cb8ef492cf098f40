"""aihwkit's tiles alone, without autograd: forward, backward and update of each layer's tile.

The first layer's backward read is left out, training does not need it. Inputs are as sparse as
MNIST's pixels.
"""

import measure
import torch
from aihwkit.simulator.configs import ConstantStepDevice, SingleRPUConfig
from aihwkit.simulator.tiles.analog import AnalogTile

given = measure.options(__doc__)
torch.set_num_threads(given.threads)
torch.manual_seed(0)
work = []
for number, (inputs, outputs) in enumerate(zip(given.sizes, given.sizes[1:], strict=False)):
    tile = AnalogTile(outputs, inputs, SingleRPUConfig(device=ConstantStepDevice()))
    tile.set_learning_rate(0.01)
    x = torch.rand(given.batch, inputs) * (torch.rand(given.batch, inputs) < 0.19)
    work.append((tile, x, torch.randn(given.batch, outputs) * 0.02, number > 0))


def train():
    for tile, x, error, backward in work:
        tile.forward(x)
        if backward:
            tile.backward(error)
        tile.update(x, error)


measure.speed(train, given.batch, given.seconds)
