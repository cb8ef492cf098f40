"""PyTorch on the CPU: a perceptron with sigmoids, plain SGD, as its tutorials train one."""

import measure
import torch

given = measure.options(__doc__)
torch.set_num_threads(given.threads)
torch.manual_seed(0)
layers = []
for inputs, outputs in zip(given.sizes, given.sizes[1:], strict=False):
    layers += [torch.nn.Linear(inputs, outputs), torch.nn.Sigmoid()]
model = torch.nn.Sequential(*layers[:-1], torch.nn.LogSoftmax(dim=1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
loss = torch.nn.NLLLoss()
images, labels = (torch.from_numpy(a) for a in measure.mnist(given.mnist, "train"))


def batches():
    while True:
        order = torch.randperm(len(images))
        for start in range(0, len(images) - given.batch + 1, given.batch):
            yield order[start : start + given.batch]


following = batches()


def train():
    chosen = next(following)
    optimizer.zero_grad()
    loss(model(images[chosen]), labels[chosen]).backward()
    optimizer.step()


measure.speed(train, given.batch, given.seconds)
