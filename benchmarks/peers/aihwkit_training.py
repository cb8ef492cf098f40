"""aihwkit as a user runs it: AnalogLinear layers, AnalogSGD, constant-step devices."""

import measure
import torch
from aihwkit.nn import AnalogLinear, AnalogSequential
from aihwkit.optim import AnalogSGD
from aihwkit.simulator.configs import ConstantStepDevice, SingleRPUConfig

given = measure.options(__doc__)
torch.set_num_threads(given.threads)
torch.manual_seed(0)
layers = []
for inputs, outputs in zip(given.sizes, given.sizes[1:], strict=False):
    config = SingleRPUConfig(device=ConstantStepDevice())
    layers += [AnalogLinear(inputs, outputs, True, rpu_config=config), torch.nn.Sigmoid()]
model = AnalogSequential(*layers[:-1], torch.nn.LogSoftmax(dim=1))
optimizer = AnalogSGD(model.parameters(), lr=0.01)
optimizer.regroup_param_groups(model)
loss = torch.nn.NLLLoss()
images, labels = (torch.from_numpy(a) for a in measure.mnist(given.mnist, "train"))
place = 0


def train():
    global place
    chosen = slice(place, place + given.batch)
    optimizer.zero_grad()
    loss(model(images[chosen]), labels[chosen]).backward()
    optimizer.step()
    place = (place + given.batch) % (len(images) - given.batch)


measure.speed(train, given.batch, given.seconds)
