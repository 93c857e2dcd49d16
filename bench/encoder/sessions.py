"""ONNX Runtime and OpenVINO, from Python, in a process of their own. Started by `process.mjs`, with the same commands as
`child.mjs`: a line of JSON in, a line of JSON out.

Throughput is that of sessions alone: texts are tokenised before the clock starts. A single question is timed from text to
vector. Texts are sorted by their tokens, so that a batch has as little padding as can be.
"""

import hashlib
import json
import os
import resource
import sys
import time

import numpy as np
from tokenizers import Tokenizer

# What libraries print goes elsewhere.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

WEIGHTS = {"f32": "model.onnx", "q8": "model_quantized.onnx"}


class OnnxRuntime:
    """A session with a thread for each core."""

    def __init__(self, laid, settings):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = len(os.sched_getaffinity(0))
        file = os.path.join(laid, "onnx", WEIGHTS[settings["weights"]])
        self.session = onnxruntime.InferenceSession(file, options, ["CPUExecutionProvider"])
        self.names = {each.name for each in self.session.get_inputs()}

    def infer(self, inputs):
        return self.session.run(None, inputs)[0]

    def infer_all(self, batches, done):
        for at, inputs in enumerate(batches):
            done(at, self.infer(inputs))


class OpenVino:
    """A model compiled for a hint; with more than one stream, requests run side by side."""

    def __init__(self, laid, settings):
        import openvino

        self.openvino = openvino
        weights = settings["weights"]
        config = {"PERFORMANCE_HINT": settings["hint"]}
        if weights in ("f32", "bf16"):
            config["INFERENCE_PRECISION_HINT"] = weights
        # Else what is not in bytes is in what OpenVINO takes by itself: bf16 where the CPU has it.
        if weights == "int8 weights":
            # One scale for a row of activations: smaller groups are slower.
            with open(os.path.join(laid, "config.json")) as file:
                config["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = str(json.load(file)["hidden_size"])
        file = settings.get("file") or os.path.join(laid, "onnx", WEIGHTS["f32"])
        self.model = openvino.Core().compile_model(file, "CPU", config)
        self.names = {each.get_any_name() for each in self.model.inputs}
        self.request = self.model.create_infer_request()
        self.streams = self.model.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")

    def infer(self, inputs):
        return self.request.infer(inputs, share_inputs=True, share_outputs=True)[0]

    def infer_all(self, batches, done):
        if self.streams == 1:
            for at, inputs in enumerate(batches):
                done(at, self.infer(inputs))
            return
        queue = self.openvino.AsyncInferQueue(self.model, self.streams)
        queue.set_callback(lambda request, at: done(at, request.get_output_tensor(0).data))
        for at, inputs in enumerate(batches):
            queue.start_async(inputs, at, share_inputs=True)
        queue.wait_all()


RUNTIMES = {"onnxruntime": OnnxRuntime, "openvino": OpenVino}


class Encoder:
    """From texts to vectors by a runtime."""

    def __init__(self, engine, laid, settings, pooling, maxTokens, **_):
        self.tokenizer = Tokenizer.from_file(os.path.join(laid, "tokenizer.json"))
        self.tokenizer.enable_truncation(maxTokens)
        self.tokenizer.no_padding()
        self.runtime = RUNTIMES[engine](laid, settings)
        self.pooling = pooling

    def inputs(self, rows):
        """Rows of token ids as the model takes them; the padded ends are masked."""
        width = max(len(row) for row in rows)
        ids = np.zeros((len(rows), width), np.int64)
        mask = np.zeros_like(ids)
        for at, row in enumerate(rows):
            ids[at, : len(row)] = row
            mask[at, : len(row)] = 1
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        return {name: given[name] for name in self.runtime.names}

    def pool(self, states, mask):
        if self.pooling == "cls":
            vectors = states[:, 0].copy()
        else:
            vectors = np.matmul(mask[:, None, :].astype(np.float32), states)[:, 0]
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def tokens(self, texts):
        return [encoding.ids for encoding in self.tokenizer.encode_batch(texts)]

    def encode(self, texts):
        inputs = self.inputs(self.tokens(texts))
        return self.pool(self.runtime.infer(inputs), inputs["attention_mask"])

    def encode_one(self, text):
        inputs = self.inputs([self.tokenizer.encode(text).ids])
        return self.pool(self.runtime.infer(inputs), inputs["attention_mask"])

    def throughput(self, texts, batch):
        rows = sorted(self.tokens(texts), key=len, reverse=True)
        batches = [self.inputs(rows[at : at + batch]) for at in range(0, len(rows), batch)]
        vectors = [None] * len(batches)

        def done(at, states):
            vectors[at] = self.pool(states, batches[at]["attention_mask"])

        cpu, start = time.process_time(), time.perf_counter()
        self.runtime.infer_all(batches, done)
        seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
        tokens = sum(len(row) for row in rows)
        return {"tokens": tokens, "seconds": seconds, "cpuSeconds": cpu_seconds, "longestDelay": None}


def quantise(laid, weights, calibration, into, pooling, maxTokens):
    """OpenVINO's own quantisation, by NNCF, kept by its content: of weights and activations, measured on texts, or of weights alone."""
    import nncf
    import openvino

    source = os.path.join(laid, "onnx", WEIGHTS["f32"])
    digest = hashlib.sha256(json.dumps([nncf.__version__, weights, calibration]).encode())
    with open(source, "rb") as file:
        digest.update(file.read())
    path = os.path.join(into, f"{digest.hexdigest()[:16]}.xml")
    if os.path.exists(path):
        return path
    model = openvino.Core().read_model(source)
    if weights == "int8":
        encoder = Encoder("openvino", laid, {"weights": "f32", "hint": "LATENCY"}, pooling, maxTokens)
        texts = nncf.Dataset(calibration, lambda text: encoder.inputs(encoder.tokens([text])))
        model = nncf.quantize(model, texts, model_type=nncf.ModelType.TRANSFORMER, subset_size=len(calibration))
    else:
        model = nncf.compress_weights(model, mode=nncf.CompressWeightsMode.INT8_SYM)
    os.makedirs(into, exist_ok=True)
    partial = f"{path[:-4]}.{os.getpid()}.xml"
    openvino.save_model(model, partial, compress_to_fp16=False)
    os.replace(f"{partial[:-4]}.bin", f"{path[:-4]}.bin")
    os.replace(partial, path)
    return path


def memory():
    """MiB: now, where the system tells, and at the highest."""
    rss = None
    if os.path.exists("/proc/self/statm"):
        with open("/proc/self/statm") as file:
            rss = int(file.read().split()[1]) * resource.getpagesize() / 2**20
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return {"rss": rss, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit}


class Commands:
    encoder = None

    def open(self, engine, first, **job):
        __import__(engine)
        imported = time.time() * 1000
        self.encoder = Encoder(engine, **job)
        self.encoder.encode_one(first)
        return {"imported": imported, "ready": time.time() * 1000, **memory()}

    def versions(self, packages):
        from importlib.metadata import version

        for name in packages:
            __import__(name)
        return {name: version(name) for name in packages}

    def quantise(self, **job):
        return quantise(**job)

    def encode(self, texts):
        return self.encoder.encode(texts).ravel().tolist()

    def countTokens(self, texts):
        return [len(ids) for ids in self.encoder.tokens(texts)]

    def throughput(self, texts, batch):
        return self.encoder.throughput(texts, batch)

    def queries(self, texts):
        times = []
        for text in texts:
            start = time.perf_counter()
            self.encoder.encode_one(text)
            times.append((time.perf_counter() - start) * 1000)
        return {"times": times}

    def memory(self):
        return memory()


commands = Commands()
for line in sys.stdin:
    asked = json.loads(line)
    try:
        answer = {"answer": getattr(commands, asked.pop("command"))(**asked)}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    answers.write(json.dumps(answer, separators=(",", ":")) + "\n")
    answers.flush()
