"""onnxruntime on the CPU: the float model, batch by batch."""

import measure
import onnxruntime

given = measure.options(__doc__)
settings = onnxruntime.SessionOptions()
settings.intra_op_num_threads = given.threads
settings.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(
    given.model.read_bytes(), settings, providers=["CPUExecutionProvider"]
)
name = session.get_inputs()[0].name
images, _ = measure.mnist(given.mnist, "t10k")
shape = [given.batch, *(d for d in session.get_inputs()[0].shape[1:])]
place = 0


def infer():
    global place
    session.run(None, {name: images[place : place + given.batch].reshape(shape)})
    place = (place + given.batch) % (len(images) - given.batch)


measure.speed(infer, given.batch, given.seconds)
