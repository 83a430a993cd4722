#!/usr/bin/env python3
"""Writes small_cnn.qonnx, inputs.npy, outputs.npy and ints/*.npy beside this file.

A QONNX network of the structure Brevitas exports for a small CNN (signed input quantiser, Conv + Relu + unsigned Quant,
MaxPool + signed Quant, a Flatten computed from the shape, Quant, Gemm), with seeded random weights. outputs.npy is the
fake-quantised float32 evaluation of the graph below, ints/ the integers of every activation Quant for sample 0.
Only needed to make these files again: python3-onnx and numpy.
"""
import pathlib
import re

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).parent
RNG = np.random.default_rng(2)
SAMPLES = 8
nodes, initialisers = [], []
integers = {}


def constant(name, value):
    initialisers.append(numpy_helper.from_array(value, name))
    return name


def node(op, name, inputs, **attributes):
    out = f"{name}/{op}_output_0"
    nodes.append(helper.make_node(op, inputs, [out], name=f"{name}/{op}", **attributes))
    return out


def quantise(x, scale, low, high):
    return np.clip(np.rint(x / np.float32(scale)), low, high).astype(np.float32)


def quant(name, source, x, scale, signed, narrow=0, weight=False):
    scale = np.float32(scale)
    low, high = (-128 + narrow, 127) if signed else (0, 255 - narrow)
    domain = "qonnx.custom_op.general"
    inputs = [source, constant(f"{name}/scale", scale), "zero_point", "bits"]
    out = node("Quant", name, inputs, domain=domain, signed=int(signed), narrow=narrow, rounding_mode="ROUND")
    q = quantise(x, scale, low, high)
    if not weight:
        integers[out] = q
    return out, q * scale


def weight(name, shape):
    fan_in = np.prod(shape[1:])
    w = (RNG.standard_normal(shape) / np.sqrt(fan_in)).astype(np.float32)
    source = constant(f"{name}.weight", w)
    return quant(f"/{name}/weight_quant", source, w, np.abs(w).max() / 127, True, 1, weight=True)


def bias(name, channels):
    b = (RNG.standard_normal(channels) * 0.1).astype(np.float32)
    return constant(f"{name}.bias", b), b


def conv(name, source, x, c_in, c_out):
    w_name, w = weight(name, (c_out, c_in, 3, 3))
    b_name, b = bias(name, c_out)
    out = node("Conv", f"/{name}", [source, w_name, b_name], kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[1, 1],
               dilations=[1, 1], group=1)
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    return out, (np.einsum("nihwyx,oiyx->nohw", windows, w) + b[:, None, None]).astype(np.float32)


def relu_quant(name, source, x):
    out = node("Relu", f"/{name}/act_quant/activation_impl", [source])
    x = np.maximum(x, 0)
    return quant(f"/{name}/act_quant/export_handler", out, x, np.quantile(x, 0.999) / 255, False)


def pool_quant(name, source, x):
    out = node("MaxPool", f"/{name}", [source], kernel_shape=[2, 2], strides=[2, 2], pads=[0, 0, 0, 0], ceil_mode=0)
    n, c, h, w = x.shape
    x = x.reshape(n, c, h // 2, 2, w // 2, 2).max(axis=(3, 5))
    return quant(f"/{name}_quant/act_quant/export_handler", out, x, x.max() / 127, True)


def flatten(source, x):
    shape = node("Shape", "", [source])
    batch = node("Gather", "", [shape, constant("zero", np.array(0, np.int64))], axis=0)
    batch = node("Unsqueeze", "", [batch, constant("axes", np.array([0], np.int64))])
    target = node("Concat", "", [batch, constant("rest", np.array([-1], np.int64))], axis=0)
    return node("Reshape", "", [source, target]), x.reshape(len(x), -1)


def main():
    constant("zero_point", np.float32(0))
    constant("bits", np.float32(8))
    inputs = RNG.uniform(-1, 1, (SAMPLES, 1, 12, 12)).astype(np.float32)
    t, x = quant("/input_quant/act_quant/export_handler", "input", inputs, 1 / 127, True)
    t, x = relu_quant("relu1", *conv("conv1", t, x, 1, 8))
    t, x = pool_quant("pool1", t, x)
    t, x = relu_quant("relu2", *conv("conv2", t, x, 8, 16))
    t, x = pool_quant("pool2", t, x)
    t, x = flatten(t, x)
    t, x = quant("/pre_linear_quant/act_quant/export_handler", t, x, np.abs(x).max() / 120, True)
    w_name, w = weight("classifier", (10, 144))
    b_name, b = bias("classifier", 10)
    nodes.append(helper.make_node("Gemm", [t, w_name, b_name], ["output"], name="/classifier/Gemm", alpha=1.0, beta=1.0,
                                  transB=1))
    outputs = (x @ w.T + b).astype(np.float32)

    described = [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 1, 12, 12])]
    described += [helper.make_tensor_value_info(i.name, i.data_type, list(i.dims)) for i in initialisers]
    graph = helper.make_graph(nodes, "small_cnn", described,
                              [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 10])], initialisers)
    model = helper.make_model(graph, producer_name="make_small_cnn", opset_imports=[
        helper.make_opsetid("", 14), helper.make_opsetid("qonnx.custom_op.general", 2)])
    onnx.save(model, HERE / "small_cnn.qonnx")
    np.save(HERE / "inputs.npy", inputs)
    np.save(HERE / "outputs.npy", outputs)
    (HERE / "ints").mkdir(exist_ok=True)
    for name, q in integers.items():
        np.save(HERE / "ints" / (re.sub("[^A-Za-z0-9._-]", "_", name) + ".npy"), q[:1].astype(np.int16))


main()
