"""BSC24xx: weights of `.bsc` programs."""

from __future__ import annotations

from bsc.diag.page import CodePage

LANGUAGE_WEIGHTS: dict[str, CodePage] = {
    "BSC2401": CodePage(
        "a file of weights that cannot be read",
        "It is not there, may not be read, or is of another kind than .safetensors, .npz and "
        ".onnx. Paths begin in the folder of the .bsc file. Weights of other kinds are converted "
        "first: safetensors.torch.save_file(net.state_dict(), FILE).",
        'weights w = "mlp.pt"\nmodel m {\n  input x: f32[4]\n  output y = x\n}',
    ),
    "BSC2402": CodePage(
        "a file of weights that is damaged",
        "What the file claims is not what it holds: it was cut off, is of another format than its"
        " name says, or was made to mislead. Sizes are checked before memory is taken. Write the "
        "file again: safetensors.numpy.save_file, numpy.savez, or the export to ONNX.",
    ),
    "BSC2403": CodePage(
        "a tensor that the file does not have",
        'The names of tensors are those that were saved, such as w["fc1.weight"]; the nearest '
        "ones are suggested.",
    ),
    "BSC2404": CodePage(
        "weights of another shape",
        "Both shapes are shown, and where each comes from. A dense layer has weights [inputs, "
        "units]; PyTorch keeps [units, inputs].",
        "model m {\n"
        "  input x: f32[4]\n"
        "  let w = f32([[1, 2, 3, 4], [5, 6, 7, 8]])\n"
        "  output y = x -> dense(2, weights = w)\n"
        "}",
        "model m {\n"
        "  input x: f32[4]\n"
        "  let w = f32([[1, 2, 3, 4], [5, 6, 7, 8]])\n"
        "  output y = x -> dense(2, weights = transpose(w))\n"
        "}",
    ),
    "BSC2405": CodePage(
        "weights that are no numbers",
        "A weight is NaN or infinite, or becomes so in float32 (the largest is 3.4e38). The "
        "training diverged, or the file is damaged.",
        "model m {\n  input x: f32[4]\n  output y = x * 1e39\n}",
        "model m {\n  input x: f32[4]\n  output y = x * 1e38\n}",
    ),
    "BSC2406": CodePage(
        "a tensor of a type that is not read",
        "Weights are float16, bfloat16, float32 or float64 (all become float32); indices are 32- "
        "or 64-bit integers. Pickled Python objects are never loaded: they could run code. Save "
        "plain numbers: numpy.asarray(rows, numpy.float32).",
    ),
    "BSC2407": CodePage(
        "a written tensor that is none",
        "Rows of a tensor have one length, its elements are numbers alone or texts alone, and "
        "each is one that the element type holds.",
        "let w = f32([[1, 2], [3]])\nmodel m {\n  input x: f32[4]\n  output y = x\n}",
        "let w = f32([[1, 2], [3, 4]])\nmodel m {\n  input x: f32[4]\n  output y = x\n}",
    ),
    "BSC2409": CodePage(
        "some layers have weights, others are left to the device",
        "A note. A model that is mapped with its weights cannot leave those of some layers to the"
        " device: they are drawn from a bell curve instead (he). Leave all to the device, or say "
        "how they start. A bias that is not all zeros counts as weights, too.",
        "model m {\n"
        "  input x: f32[4]\n"
        "  h = x -> dense(5)\n"
        "  output y = h -> dense(2, weights = he)\n"
        "}",
        "model m {\n"
        "  input x: f32[4]\n"
        "  h = x -> dense(5, weights = he(seed = 1))\n"
        "  output y = h -> dense(2, weights = he)\n"
        "}",
    ),
    "BSC2410": CodePage(
        "weights from a file, but no bias",
        "A note: the bias of a layer whose weights are read from a file starts at zero where it "
        'is not given. Say so with bias = false, or read it too: bias = w["fc1.bias"].',
    ),
}
