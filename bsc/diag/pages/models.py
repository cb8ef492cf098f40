"""1xxx: Reading models."""

from __future__ import annotations

from bsc.diag.page import CodePage

MODELS: dict[str, CodePage] = {
    "BSC1001": CodePage(
        "the file is no ONNX model",
        "The file is empty, cut off, of another format, or not a serialised ModelProto. Export "
        "the model again and check its size; `python -m onnx.checker FILE` tells more. One file "
        "holds at most 2 GiB; larger models keep their weights beside it: "
        "onnx.save(model, path, save_as_external_data=True).",
    ),
    "BSC1002": CodePage(
        "the model file cannot be read",
        "The path names no file, a folder, or a file that you may not read.",
    ),
    "BSC1003": CodePage(
        "a form of an operator that is not supported",
        "The operator is supported, but not with these inputs or attributes: for example a softmax "
        "across the batch, dropout in training mode, or a Gemm that transposes the model's input. "
        "The message says what was found. Export the model for inference; `bsc check MODEL` "
        "lists every node.",
    ),
    "BSC1004": CodePage(
        "the operator set is not supported",
        "A model names the version of ONNX's operators that it was written for. bsc knows opset 11 "
        "to the newest one that was reviewed. Export again with another `opset_version`, or "
        "convert: onnx.version_converter.convert_version(model, 17).",
    ),
    "BSC1005": CodePage(
        "a tensor that cannot be read",
        "The data of an initialiser or constant do not fit its shape or type, or its type is not "
        "read. Weights may be float16, bfloat16, float32 or float64 (all are computed with as "
        "float32); constants may be integers, booleans and strings too.",
    ),
    "BSC1006": CodePage(
        "external data that cannot be read",
        "The model keeps weights in other files. They must lie in the model's folder or below: "
        "absolute paths, `..` and symbolic links are refused, because a model from elsewhere "
        "could name any file of yours. They must also be as long as the model says. Move the "
        "model and all files exported with it together.",
    ),
    "BSC1007": CodePage(
        "weights that are no numbers",
        "A weight is NaN or infinite, or becomes so in float32 (the largest is 3.4e38). The "
        "training diverged, or the file is damaged.",
    ),
    "BSC1008": CodePage(
        "the graph has a circle",
        "A node needs, over others, its own result. bsc compiles networks that feed forward; "
        "recurrent ones must be unrolled.",
    ),
    "BSC1009": CodePage(
        "a value is defined never or twice",
        "A node reads a name that no node, input or initialiser defines, or two of them define the "
        "same name. This happens when a model is cut or edited by hand: an initialiser was "
        "removed, a node renamed on one side only.",
    ),
    "BSC1010": CodePage(
        "the model's inputs or outputs do not fit",
        "bsc compiles models with tensors as inputs, float, double or integer, of at least two "
        "dimensions, the batch first.",
    ),
    "BSC1011": CodePage(
        "a dimension that is open",
        "Only the first dimension, the batch, may be open: every other one decides how many word "
        "and bit lines an array has. Export with fixed sizes, for example "
        "torch.onnx.export(..., dynamic_axes={'x': {0: 'N'}}).",
    ),
    "BSC1012": CodePage(
        "shapes or types that do not fit",
        "The inputs of a node contradict each other: the columns of one factor are not the rows of "
        "the other, two shapes do not broadcast, or types differ. The message shows both sides. "
        "onnxruntime refuses such a model as well.",
    ),
    "BSC1013": CodePage(
        "a tensor that is too large",
        "A shape asks for more elements than bsc takes (2^31 in the file, 2^28 computed while "
        "importing, 65,536 and 4,096 more for each value of a sparse tensor). It is refused before "
        "memory is taken. In a small file this is a damaged or hostile model.",
    ),
    "BSC1014": CodePage(
        "something that must be constant is computed",
        "Weights, biases, statistics of a batch normalisation, shapes and bounds must be known "
        "when the model is read. Here they depend on the model's input, as in attention or in a "
        "model exported in training mode. Export for inference with constants folded.",
    ),
    "BSC1015": CodePage(
        "operators that are not supported",
        "The report lists every node that bsc cannot read, with what can be done about it. "
        "`bsc check MODEL` prints the table of operators that are supported.",
    ),
    "BSC1016": CodePage(
        "functions of the model cannot be written out",
        "Model-local functions are copied into their callers. Here one calls itself, or they call "
        "each other so deep or so often that the model would become enormous.",
    ),
    "BSC1017": CodePage(
        "an output that is no tensor",
        "The model hands out a sequence, a map or an optional value. scikit-learn models do so "
        "behind ZipMap: convert with options={'zipmap': False}, then probabilities are an array.",
    ),
}
