"""Writes seeds/: small valid files and near misses, one behind the other as the targets take them (fuzz.h). Run it from this folder.
Files in seeds/ that it does not know, findings of the fuzzer among them, are left alone."""
import gzip
import json
import os
import struct

END = b"\xff"  # ends every part but the last


def write(target, name, data):
    os.makedirs(f"seeds/{target}", exist_ok=True)
    with open(f"seeds/{target}/{name}", "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


def safetensors(tensors, metadata=None):
    """tensors: name -> (dtype, shape, bytes)"""
    header, at = ({"__metadata__": metadata} if metadata else {}), 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(data for _, _, data in tensors.values())


def raw_safetensors(header, data=b""):
    return struct.pack("<Q", len(header)) + header.encode() + data


def doubles(*values):
    return struct.pack(f"<{len(values)}d", *values)


def floats(*values):
    return struct.pack(f"<{len(values)}f", *values)


def csv_seeds():
    head = b"\x00\x00\x00"  # all left open
    table = b'text,label\r\n"a, ""quoted"" one",x\r\n"two\nlines",y\nplain,x\n\n"",y\n'
    write("csv", "auto", head + table)
    write("csv", "semicolons", head + b"label;text\n1;ein Satz\n2;noch einer\n1;\"mit;Zeichen\"\n")
    write("csv", "tabs", bytes([2, 0x20, 0]) + b"text\tlabel\none\tx\ntwo\ty\n")
    write("csv", "pipe", bytes([1 + 4 * 4, 0x10, 0]) + b"text|label\none|x\ntwo|y\n")
    write("csv", "text_label", bytes([3, 0x30, 0]) + b"a; b;joy\nc;sad\r\n;joy\nno label\n")
    write("csv", "text_label_header", bytes([3, 0x04, 0]) + b"text;label\na;joy\n")
    write("csv", "auto_text_label", bytes([0, 0x30, 0]) + b"i am glad;joy\ni am sad;sadness\n" * 3)
    write("csv", "predict_lines", bytes([0, 0x80, 0]) + b"one\ntwo \xf0\x28\x8c\x28\n\nthree\r\n")
    write("csv", "predict_csv", bytes([1, 0x90, 0]) + b"text,other\nbad \xe2\x82 byte,1\n")
    write("csv", "latin1", bytes([1, 0x11, 0]) + b"text,label\ncaf\xe9,x\n\xfcber,y\n")
    write("csv", "no_quotes", bytes([1, 0x12, 0]) + b'text,label\n5" screen,x\n')
    write("csv", "no_header", bytes([1, 0x18, 0]) + b"x,first text\ny,second text\nx,third\ny,fourth\n")
    write("csv", "names", bytes([1, 0x10, 1]) + b"first,x\nsecond,y\n")
    write("csv", "names_three", bytes([1, 0x10, 2]) + b"0,x,text one\n1,y,text two\n")
    write("csv", "by_number", bytes([1, 0x18, 4 + 16]) + b"x,one\ny,two\n")
    write("csv", "by_name", bytes([1, 0x10, 8 + 32]) + b"id,label,text\n7,x,one\n8,y,two\n")
    write("csv", "maybe_labelled", bytes([1, 0x50, 0]) + b"text\none\ntwo\n")
    write("csv", "ragged", bytes([1, 0x10, 0]) + b"text,label\none,x\ntwo,y,z\n")
    write("csv", "open_quote", bytes([1, 0x10, 0]) + b'text,label\n"never closed,x\n')
    write("csv", "after_quote", bytes([1, 0x10, 0]) + b'text,label\n"a" b,x\n')
    write("csv", "tab_after_quote", bytes([2, 0x20, 0]) + b'text\tlabel\n"a"\x01\tx\n')
    write("csv", "utf16", head + "text,label\na,b\n".encode("utf-16"))
    write("csv", "mark", head + b"\xef\xbb\xbf" + table)
    write("csv", "invalid", bytes([1, 0x10, 0]) + b"text,label\nab\xc3\x28,x\n")
    write("csv", "empty", head)
    write("csv", "header_alone", head + b"text,label\n")
    write("csv", "empty_label", bytes([1, 0x10, 0]) + b"text,label\na,\n")
    packed = gzip.compress(table, 9, mtime=0)
    write("csv", "gzip", head + packed)
    write("csv", "gzip_members", head + packed + gzip.compress(b"more,z\n", 9, mtime=0) + bytes(16))
    write("csv", "gzip_cut", head + packed[:-9])
    write("csv", "gzip_broken", head + packed[:20] + b"\x55\xaa" + packed[22:])


def jsonl_seeds():
    rows = b'{"text": "a \\u00e9\\ud83d\\ude00 \\n", "label": "x"}\n{"label": 1, "text": "b\\u0000c"}\n\n{"text":"","label":true}\n'
    write("jsonl", "rows", b"\x00" + rows)
    write("jsonl", "auto", b"\x01" + rows)
    write("jsonl", "body", b"\x02" + b'{"body": "a", "label": -1.5e+3, "more": {"deep": [1, [2, {"x": null}], "y"]}}\n')
    write("jsonl", "no_label", b"\x10" + b'{"text": "a"}\n{"text": "b", "label": "x"}\n')
    write("jsonl", "predict", b"\x20" + b'{"sentence": "a \xc3\x28"}\n')
    write("jsonl", "latin1", b"\x0c" + b'{"text": "caf\xe9", "label": "x"}\n')
    write("jsonl", "twice", b"\x00" + b'{"text": "a", "text": "b", "label": "x"}\n')
    write("jsonl", "null", b"\x00" + b'{"text": null, "label": false}\n')
    write("jsonl", "object_label", b"\x00" + b'{"text": "a", "label": {"x": 1}}\n')
    write("jsonl", "array", b"\x00" + b'["a", "x"]\n')
    write("jsonl", "number", b"\x00" + b"12\n")
    write("jsonl", "behind", b"\x00" + b'{"text": "a", "label": "x"} 7\n')
    write("jsonl", "cut", b"\x00" + b'{"text": "a", "label": "x\n')
    write("jsonl", "deep", b"\x00" + b'{"text": "a", "label": "x", "d": ' + b"[" * 70 + b"]" * 70 + b"}\n")
    write("jsonl", "surrogate", b"\x00" + b'{"text": "\\ud800", "label": "\\udc00"}\n')
    write("jsonl", "escapes", b"\x00" + b'{"text": "\\"\\\\\\/\\b\\f\\n\\r\\t", "label": "x"}\n')
    write("jsonl", "bad_escape", b"\x00" + b'{"text": "\\x", "label": "x"}\n')
    write("jsonl", "bad_numbers", b"\x00" + b'{"text": "a", "label": 01}\n')
    write("jsonl", "missing", b"\x00" + b'{"label": "x"}\n')


CONFIG = {"model_type": "distilbert", "activation": "gelu", "dim": 4, "n_heads": 2, "n_layers": 1, "hidden_dim": 8, "vocab_size": 10,
          "max_position_embeddings": 16, "pad_token_id": 0, "dropout": 0.1, "attention_dropout": 0.1, "seq_classif_dropout": 0.2,
          "initializer_range": 0.02}
BERT = {"model_type": "bert", "hidden_act": "gelu_python", "hidden_size": 4, "num_attention_heads": 2, "num_hidden_layers": 1,
        "intermediate_size": 8, "vocab_size": 10, "max_position_embeddings": 16, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
        "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1, "classifier_dropout": None,
        "position_embedding_type": "absolute"}


def config_seeds():
    def put(name, base, **changes):
        write("config", name, json.dumps({**base, **changes}))

    head = {"architectures": ["DistilBertForSequenceClassification"]}
    put("encoder", CONFIG, architectures=["DistilBertModel"])
    put("bare", CONFIG)
    put("bert", BERT, architectures=["BertForSequenceClassification"], num_labels=3)
    put("labels", CONFIG, **head, id2label={"0": "a", "1": "b\n<script>", "2": 7}, label2id={"a": 0}, torch_dtype="float16")
    put("ids_only", CONFIG, id2label={"1": "b", "0": "a"})
    put("labels_twice", CONFIG, **head, id2label={"0": "a", "1": "a"}, label2id={"a": 1})
    put("label_gap", CONFIG, **head, id2label={"0": "a", "2": "b"})
    put("label_null", CONFIG, **head, id2label={"0": None})
    put("regression", CONFIG, **head, problem_type="regression")
    put("multi", CONFIG, **head, problem_type="multi_label_classification")
    put("tagger", CONFIG, architectures=["DistilBertForTokenClassification"])
    put("many_labels", CONFIG, **head, num_labels=70000)
    put("odd_heads", CONFIG, n_heads=3)
    put("huge", CONFIG, dim=1 << 24)
    put("too_huge", CONFIG, dim=1e300)
    put("negative", CONFIG, n_layers=-1)
    put("fraction", CONFIG, n_layers=1.5)
    put("dropout", CONFIG, dropout=1.0)
    put("relu", CONFIG, activation="relu")
    put("relative", BERT, position_embedding_type="relative_key")
    put("decoder", BERT, is_decoder=True)
    put("other", CONFIG, model_type="gpt2")
    write("config", "array", "[1, 2]")
    write("config", "cut", json.dumps(CONFIG)[:100])
    write("config", "deep", '{"model_type": "bert", "x": ' + "[" * 1200 + "]" * 1200 + "}")
    write("config", "twice", '{"model_type": "bert", "hidden_size": 12, "hidden_size": 24, "num_attention_heads": 12}')
    write("config", "nul", '{"model_type": "bert", "a\\u0000b": 1, "architectures": ["BertForSequenceClassification"], "id2label": {"0": "a\\u0000b"}}')


WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "hello", "##lo", "hel", "un", "##aff", "##able", "!", ",", "ü", "你",
         "a-token-of-more-than-sixteen-bytes", "##-a-continuation-of-more-than-thirty-one-bytes"]


def tokenizer_seeds():
    def tokenizer(**changes):
        model = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
                 "vocab": {word: i for i, word in enumerate(WORDS)}}
        model.update(changes.pop("model", {}))
        return {"version": "1.0", "truncation": None, "padding": None,
                "added_tokens": [{"id": i, "content": WORDS[i], "single_word": False, "lstrip": False, "rstrip": False,
                                  "normalized": False, "special": True} for i in range(5)],
                "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None,
                               "lowercase": True},
                "pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": None, "decoder": {"type": "WordPiece"},
                "model": model, **changes}

    def put(name, first, config=b"", special=b"", added=b"", text="unaffable hello [MASK]!"):
        parts = [part if isinstance(part, bytes) else json.dumps(part, ensure_ascii=False).encode()
                 for part in (first, config, special, added)]
        write("tokenizer_json", name, END.join(parts) + END + text.encode())

    put("plain", tokenizer())
    put("cased", tokenizer(normalizer={"type": "BertNormalizer", "clean_text": False, "handle_chinese_chars": False,
                                       "strip_accents": True, "lowercase": False}), text="Hello Ünaff")
    put("config", tokenizer(), {"do_lower_case": False, "strip_accents": None, "tokenize_chinese_chars": False, "model_max_length": 16,
                                "truncation_side": "left", "clean_up_tokenization_spaces": True, "cls_token": "[CLS]",
                                "additional_special_tokens": ["<a>", {"content": "<b>"}], "extra_special_tokens": ["<c>"]},
        text="a <a> <b><c>")
    put("decoder", tokenizer(), {"added_tokens_decoder": {"5": {"content": "A B", "single_word": True, "normalized": True},
                                                          "40": {"content": "<x>", "special": True}}}, text="A B aA B <x>")
    put("maps", tokenizer(), b"", {"cls_token": {"content": "[CLS]"}, "pad_token": "[PAD]"}, {"<new>": 30, "Zwei": 31},
        text="x <new> zwei")
    put("list_decoder", tokenizer(), {"added_tokens_decoder": [1, 2]})
    put("list_added", tokenizer(), b"", {"a": 1}, b"[1,2]")
    put("no_unk", tokenizer(model={"unk_token": "nope"}))
    put("bpe", tokenizer(model={"type": "BPE"}))
    put("no_vocab", tokenizer(model={"vocab": {}}))
    put("gap", tokenizer(model={"vocab": {**{w: i for i, w in enumerate(WORDS)}, "far": 1000000}}))
    put("giant_gap", tokenizer(model={"vocab": {"[UNK]": 0, "far": 2000000000}}))
    put("fraction_id", tokenizer(model={"vocab": {"a": 0.5}}))
    put("same_id", tokenizer(model={"vocab": {**{w: i for i, w in enumerate(WORDS)}, "other": 5}}))
    put("chars", tokenizer(model={"max_input_chars_per_word": 50}))
    put("normalizer", tokenizer(normalizer={"type": "Lowercase"}))
    put("pre_tokenizer", tokenizer(pre_tokenizer={"type": "ByteLevel"}))
    put("null_normalizer", tokenizer(normalizer=None))
    put("cut", json.dumps(tokenizer()).encode()[:200])
    put("behind", json.dumps(tokenizer()).encode() + b" 1")
    put("array", b"[]")
    put("bad_config", tokenizer(), b"[]")
    put("twice", b'{"added_tokens": [], "added_tokens": [], "model": {"vocab": {"[UNK]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3}}}')

    def vocab(name, lines, config=b"", text="unaffable hello ü 你!"):
        write("vocab", name, lines + END + config + END + text.encode())

    lines = "\n".join(WORDS).encode() + b"\n"
    vocab("plain", lines)
    vocab("crlf", lines.replace(b"\n", b"\r\n"), b'{"do_lower_case": false}')
    vocab("no_end", lines[:-1], b'{"unk_token": "a", "cls_token": {"content": "b"}, "model_max_length": 1e30}')
    vocab("empty_line", lines + b"\n\nlast\xc2\xa0\n")
    vocab("twice", lines + b"hello\nhello\n")
    vocab("invalid", lines + b"\xc3\x28\n")
    vocab("no_cls", b"[UNK]\n[SEP]\n")
    vocab("none", b"")
    vocab("bad_config", lines, b"{")
    vocab("long_words", lines, text="a-token-of-more-than-sixteen-bytes a-token-of-more-than-sixteen-bytes-a-continuation-of-more-than-thirty-one-bytes"
          + "b" * 120)
    for i, text in enumerate(["The quick brown fox, isn't it?", "ÀÉÎõü naïve Straße ǅ ß İ", "日本語 한국어 ภาษาไทย", "\x00\x01\x7f\u200b\u200d\u2028\ufeff",
                              "[CLS] [MASK] <mask> [SEP][UNK] ##ing", "a" * 130, "e\u0301\u0316 \u0958 \U0001d15e \U0001f600", "\u3000\t \n\r\u0085x"]):
        write("tokenizer", f"text{i}", bytes([i * 5]) + text.encode())
    write("tokenizer", "invalid", b"\x02\xf0\x9f\x98 \xed\xa0\x80 \xc0\x80 \xf4\x90\x80\x80 ok")
    write("tokenizer", "empty", b"")


def safetensors_seeds():
    write("safetensors", "floats", safetensors({"a": ("F32", [2, 2], floats(1, 2, 3, 4)), "b": ("F32", [], floats(5))}, {"format": "pt"}))
    write("safetensors", "halves", safetensors({"a": ("F16", [4], struct.pack("<4H", 0x3C00, 1, 0x7C00, 0xFE00)),
                                                "b": ("BF16", [1, 2], b"\x80\x3f\xc0\x7f")}))
    write("safetensors", "others", safetensors({"a": ("I64", [1], bytes(8)), "b": ("F8_E4M3", [3], b"abc"), "c": ("BOOL", [2], b"\0\1"),
                                                "e": ("U8", [0, 7], b"")}))
    write("safetensors", "eight", safetensors({"a": ("U8", [1] * 8, b"x")}))
    write("safetensors", "nine", safetensors({"a": ("U8", [1] * 9, b"x")}))
    write("safetensors", "none", raw_safetensors("{}"))
    write("safetensors", "overflow", raw_safetensors('{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}'))
    write("safetensors", "digits", raw_safetensors('{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,0]}}'))
    write("safetensors", "behind", raw_safetensors('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,9]}}', b"x"))
    write("safetensors", "gap", raw_safetensors('{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}', b"xy"))
    write("safetensors", "rest", raw_safetensors('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', b"xy"))
    write("safetensors", "overlap", raw_safetensors('{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},'
                                                    '"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}', b"xy"))
    write("safetensors", "twice", raw_safetensors('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},'
                                                  '"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}', b"xy"))
    write("safetensors", "member_twice", raw_safetensors('{"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}', b"x"))
    write("safetensors", "metadata_twice", raw_safetensors('{"__metadata__":{},"__metadata__":{}}'))
    write("safetensors", "unknown_member", raw_safetensors('{"a":{"more":[1],"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', b"x"))
    write("safetensors", "nul", raw_safetensors('{"a\\u0000b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', b"x"))
    write("safetensors", "array", raw_safetensors("[]"))
    write("safetensors", "cut_header", raw_safetensors('{"a":{"dtype":"U8","shape":[1]}}'))
    write("safetensors", "number", raw_safetensors('{"a":{"dtype":1}}'))
    write("safetensors", "four_gigabytes", struct.pack("<Q", 1 << 32) + b"{}")
    write("safetensors", "longer", struct.pack("<Q", 100) + b"{}")
    write("safetensors", "short", b"1234567")


def index_seeds():
    def put(name, weight_map, **more):
        write("index", name, json.dumps({"metadata": {"total_size": 16}, "weight_map": weight_map, **more}))

    put("both", {"x": "a.safetensors", "y": "a.safetensors", "z": "b.safetensors"})
    put("one", {"z": "b.safetensors"})
    put("none", {})
    put("wrong_shard", {"x": "b.safetensors"})
    put("no_tensor", {"nope": "a.safetensors"})
    put("no_file", {"x": "c.safetensors"})
    put("up", {"x": "../a.safetensors"})
    put("root", {"x": "/etc/passwd"})
    put("dots", {"x": ".."})
    put("dot", {"x": "."})
    put("empty", {"x": ""})
    put("long", {"x": "a" * 5000})
    put("number", {"x": 1})
    put("list", ["a.safetensors"])
    write("index", "nul", '{"weight_map": {"x": "a.safetensors\\u0000.txt"}}')
    write("index", "twice", '{"weight_map": {"x": "a.safetensors"}, "weight_map": {}}')
    write("index", "tensor_twice", '{"weight_map": {"x": "a.safetensors", "x": "a.safetensors"}}')
    write("index", "nothing", b"")
    write("index", "array", "[]")
    write("index", "behind", '{"weight_map": {"x": "a.safetensors"}} 1')
    write("index", "cut", '{"weight_map": {"x": "a.safe')


def linear_seeds():
    def put(name, settings, tensors):
        settings = settings if isinstance(settings, bytes) else json.dumps(settings).encode()
        write("linear", name, settings + END + (tensors if isinstance(tensors, bytes) else safetensors(tensors)))

    base = {"format": "twofold classifier", "version": 1, "classifier": "logreg", "classes": 3, "solver": "lbfgs", "channels": 2, "C": 1,
            "class_weight": "balanced", "tolerance": 1e-4, "converged": True, "iterations": 7, "gradient_norm": 1e-5}
    three = {"bias": ("F64", [3], doubles(0, 1, 2)), "weight": ("F64", [3, 2], doubles(1, 2, 3, 4, 5, 6))}
    two = {"bias": ("F64", [1], doubles(0)), "weight": ("F64", [1, 2], doubles(1, -2))}
    dummy = {**base, "classifier": "dummy", "strategy": "stratified", "seed": 3}
    prior = {"prior": ("F64", [3], doubles(0.25, 0.25, 0.5))}
    put("lbfgs", base, three)
    put("ovr", {**base, "solver": "liblinear", "classes": 2, "class_weight": None}, two)
    put("svm", {**base, "classifier": "svm", "solver": "liblinear", "converged": False}, three)
    put("dummy", dummy, prior)
    put("uniform", {**dummy, "strategy": "uniform"}, prior)
    put("most_frequent", {**dummy, "strategy": "most_frequent"}, prior)
    put("prior_strategy", {**dummy, "strategy": "prior"}, prior)
    put("no_strategy", {**dummy, "strategy": "x"}, prior)
    put("no_distribution", dummy, {"prior": ("F64", [3], doubles(0.25, 0.25, 0.25))})
    put("negative", dummy, {"prior": ("F64", [3], doubles(-0.5, 0.5, 1))})
    put("nan", base, {**three, "bias": ("F64", [3], doubles(0, float("nan"), 2))})
    put("misshapen", base, two)
    put("flat", base, {**three, "weight": ("F64", [6], doubles(1, 2, 3, 4, 5, 6))})
    put("float32", base, {**three, "bias": ("F32", [3], floats(0, 1, 2))})
    put("missing", base, {"bias": three["bias"]})
    put("version", {**base, "version": 2}, three)
    put("format", {**base, "format": "x"}, three)
    put("kind", {**base, "classifier": "tree"}, three)
    put("solver", {**base, "solver": "saga"}, three)
    put("one_class", {**base, "classes": 1}, three)
    put("many", {**base, "classes": 2000000000, "channels": 2000000000}, three)
    put("no_channels", {**base, "channels": 0}, {"bias": three["bias"], "weight": ("F64", [3, 0], b"")})
    put("no_json", b"{", three)
    put("no_tensors", base, b"")


def tfidf_seeds():
    def put(name, lines, first=b"twofold tfidf 1\n", **changes):
        options = {"rows": 3, "terms": len(lines), "ngram_range": [1, 2], "lowercase": True, "sublinear_tf": True, "min_df": 1,
                   "max_df": 1.0, "max_features": 0, **changes}
        body = b"".join(f"{df}\t{term}\n".encode() for df, term in lines)
        write("tfidf", name, b"d" + first + json.dumps(options).encode() + b"\n" + body)

    terms = [(1, "cat"), (2, "cat sat"), (3, "the"), (1, "ünï")]
    put("plain", terms)
    put("raw", terms, lowercase=False, sublinear_tf=False, ngram_range=[1, 1])
    put("order", terms[::-1])
    put("equal", [(1, "a b"), (1, "a b")])
    put("df", [(4, "cat")])
    put("zero", [(0, "cat")])
    put("no_number", [("x", "cat")])
    put("long_number", [("12345678901", "cat")])
    put("empty", [(1, "")])
    put("more", terms, terms=3)
    put("fewer", terms, terms=5)
    put("none", [])
    put("range", terms, ngram_range=[2, 1])
    put("range9", terms, ngram_range=[1, 9])
    put("no_range", terms, ngram_range=None)
    put("bool", terms, lowercase="yes")
    put("giant", terms, terms=2000000000, rows=2000000000)
    put("first", terms, first=b"twofold tfidf 2\n")
    write("tfidf", "invalid", b'dtwofold tfidf 1\n{"rows":1,"terms":1,"ngram_range":[1,1],"lowercase":true,"sublinear_tf":true,"min_df":1,"max_df":1,"max_features":0}\n1\t\xc3\x28\n')
    write("tfidf", "no_json", b"dtwofold tfidf 1\n{\n1\ta\n")
    write("tfidf", "first_line_alone", b"dtwofold tfidf 1\n")
    write("tfidf", "one_line", b"dtwofold tfidf 1\n{}")
    write("tfidf", "undigested", b"xtwofold tfidf 1\n" + b"x" * 80)
    write("tfidf", "short", b"xtwofold tfidf 1\n")
    write("tfidf", "nothing", b"x")


def npy_seeds():
    def put(name, header, data=b"", magic=b"\x93NUMPY\x01\x00", size=None):
        text = header.encode() + b"\n"
        write("npy", name, magic + struct.pack("<H", len(text) if size is None else size) + text + data)

    def header(descr="<f4", order="False", shape="2, 3"):
        return f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({shape}), }}"

    put("features", header() + "    ", floats(1, 2, 3, 4, 5, 6))
    put("labels", header("<i8", shape="2,"), struct.pack("<2q", 1, -1))
    put("empty", header(shape="0, 5"))
    put("no_labels", header("<i8", shape="0,"))
    put("double", header("<f8"), bytes(48))
    put("fortran", header(order="True"), bytes(24))
    put("one", header(shape="6,"), bytes(24))
    put("three", header(shape="1, 2, 3"), bytes(24))
    put("short", header(), bytes(23))
    put("overflow", header(shape="9223372036854775807, 9223372036854775807"))
    put("digits", header(shape="99999999999999999999999, 1"))
    put("wide", header(shape="0, 4294967296"))
    put("version", header(), bytes(24), magic=b"\x93NUMPY\x02\x00")
    put("minor", header(), bytes(24), magic=b"\x93NUMPY\x01\x01")
    put("header", header(), size=65535)
    put("compact", "{'descr':'<f4','fortran_order':False,'shape':(1,1)}", floats(1))
    put("words", "{'shape': (1, 1)}", floats(1))
    write("npy", "cut", b"\x93NUMPY\x01")


def state_seeds():
    base = {"best_global_step": 2, "best_metric": 0.5, "epoch": 1.0, "global_step": 2, "log_history": [
        {"epoch": 0.5, "step": 1, "loss": 1.5, "grad_norm": 2.0, "learning_rate": 5e-5},
        {"epoch": 1.0, "step": 2, "eval_loss": 0.5, "eval_accuracy": 0.75, "eval_runtime": 0.1, "eval_samples": 4, "other": "x"}],
        "stateful_callbacks": {"EarlyStoppingCallback": {"attributes": {"early_stopping_patience_counter": 1}}}, "total_flos": 1e9}

    def put(name, state=b"", progress=b"", identity=b"", optimizer=b""):
        write("state", name, END.join(part if isinstance(part, bytes) else json.dumps(part).encode()
                                      for part in (state, progress, identity)) + END + optimizer)

    put("as_written")
    put("state", base)
    put("three_steps", {**base, "global_step": 3})
    put("no_step", {**base, "global_step": None})
    put("best_later", {**base, "best_global_step": 9})
    put("giant_step", {**base, "global_step": 9007199254740991})
    put("giant_counter", {**base, "stateful_callbacks": {"EarlyStoppingCallback": {"attributes": {"early_stopping_patience_counter": 1 << 40}}}})
    put("giant_samples", {**base, "log_history": [{"step": 1, "eval_samples": 1e300, "train_samples": -1e300, "epoch": 1e308}]})
    put("many_items", {**base, "log_history": [{"step": 1, "epoch": 1, **{f"eval_{k}": 1 for k in ("accuracy", "f1_macro", "f1")}}] * 3})
    put("log_text", {**base, "log_history": "x"})
    put("log_numbers", {**base, "log_history": [1, "x", None, []]})
    put("no_json", b"{")
    put("progress", b"", {"version": 1, "sha256": {"config.json": "x"}, "interrupted": True, "train_runtime": 3.5})
    put("version", b"", {"version": 2})
    put("progress_list", b"", b"[1]")
    put("progress_cut", b"", b'{"version": 1')
    put("other_data", b"", b"", {"data": "e", "options": {"seed": 42}})
    put("other_seed", b"", b"", {"data": "d", "options": {"seed": 7, "on": True}})
    put("no_identity", b"", b"", b"x")
    put("no_optimizer", b"", b"", b"", b"x")
    put("steps_one", {**base, "global_step": 1, "best_global_step": 1}, b"", b"",
        safetensors({"step": ("I64", [1], struct.pack("<q", 1)), "history.loss": ("F64", [1], doubles(1)),
                     "history.grad_norm": ("F64", [1], doubles(1))}))


def record_seeds():
    key = '{"data": "d", "options": {"C": 1}}'
    record = {"name": "other", "kind": "bag of words", "key": key, "how": "somehow", "warning": "", "training": None,
              "costs": {"train_s": 1.5, "predict_ms_p50": None, "model_mb": "x"}}
    answers = {}
    for split in ("validation", "test"):
        answers[f"{split}.predicted"] = ("I32", [2], struct.pack("<2i", 0, 1))
        answers[f"{split}.probabilities"] = ("F64", [2, 2], doubles(0.75, 0.25, 0.5, 0.5))
    bare = {name: tensor for name, tensor in answers.items() if "pred" in name}
    training = {"steps": 2, "epochs": 1, "steps_per_epoch": 2, "train_loss": 0.5, "total_flos": 1e9, "best_step": 2, "best_metric": 0.5,
                "best_loaded": True, "stopped_early": False}
    curves = {"training.steps": ("F64", [2, 3], doubles(1, 5e-5, 2, 0.5, 0, 1)),
              "training.evaluations": ("F64", [1, 6], doubles(2, 1, 0.5, 0.75, 0.7, 0.5))}

    def put(name, kind, entry, tensors):
        entry = entry if isinstance(entry, bytes) else json.dumps(entry).encode()
        write("record", name, bytes([kind]) + entry + END + (tensors if isinstance(tensors, bytes) else safetensors(tensors)))

    put("words", 0, record, answers)
    put("without_probabilities", 0, record, bare)
    put("trained", 1, {**record, "training": training}, {**answers, **curves})
    put("untrained", 1, record, answers)
    put("no_evaluations", 1, {**record, "training": training}, {**answers, **curves, "training.evaluations": ("F64", [0, 6], b"")})
    put("giant_steps", 1, {**record, "training": training}, {**answers, **curves, "training.steps": ("F64", [1 << 40, 0], b"")})
    put("unknown_type", 1, {**record, "training": training}, {**answers, **curves, "training.steps": ("F4", [1 << 33, 3], b"x")})
    put("odd_numbers", 1, {**record, "training": training},
        {**answers, **curves, "training.evaluations": ("F64", [1, 6], doubles(float("nan"), 1e300, 0, 0, 0, 0))})
    put("out_of_range", 0, record, {**answers, "test.predicted": ("I32", [2], struct.pack("<2i", 0, 2))})
    put("no_distribution", 0, record, {**answers, "test.probabilities": ("F64", [2, 2], doubles(1, 1, 0.5, 0.5))})
    put("three_rows", 0, record, {**answers, "test.predicted": ("I32", [3], bytes(12))})
    put("other_key", 0, {**record, "key": '{"data": "d", "options": {"C": [1, true, null, "x"]}, "old": 1}'}, answers)
    put("other_text", 0, {**record, "key": "{"}, answers)
    put("no_key", 0, {}, answers)
    put("no_json", 0, b"{", answers)
    put("no_answers", 0, record, b"")


def predictions_seeds():
    head = 'id,predicted,prob_joy,"prob_a,b",prob_sad\n'
    write("predictions", "ids", head + 'rows.csv:6,joy,0.5,0.25,0.25\nrows.csv:7,sad,0,0,1\n')
    write("predictions", "all_ids", "id;prediction;label\nrows.csv:7;joy;sad\nrows.csv:6;joy;a,b\nrows.csv:4;sad;sad\nrows.csv:5;joy;joy\n")
    write("predictions", "order", "predicted_label\njoy\nsad\n")
    write("predictions", "list", 'joy\n"a,b"\n')
    write("predictions", "all_rows", "pred\njoy\nsad\njoy\nsad\njoy\nsad\n")
    write("predictions", "label_column", "label\njoy\nsad\n")
    write("predictions", "scores", "id\tlabel\tscore\nrows.csv:6\tjoy\t0.5\nrows.csv:7\tsad\t1\n")
    write("predictions", "most_probable", 'prob_joy,"prob_a,b",prob_sad\n1,0,0\n0.33,0.33,0.33\n')
    write("predictions", "sum", 'prob_joy,"prob_a,b",prob_sad\n1,1,0\n0,0,1\n')
    write("predictions", "no_number", 'prob_joy,"prob_a,b",prob_sad\n1,nan,0\n0,0,1e400\n')
    write("predictions", "one_probability", "predicted,prob_joy\njoy,1\nsad,0\n")
    write("predictions", "probability_twice", "predicted,prob_joy,prob_joy\njoy,1,1\n")
    write("predictions", "unknown_probability", "predicted,prob_x\njoy,1\n")
    write("predictions", "unknown_label", "predicted\njoy\nangry\n")
    write("predictions", "unknown_id", "id,predicted\nrows.csv:1,joy\n")
    write("predictions", "odd_ids", "id,predicted\nrows.csv:99999999999999999999,joy\nrows.csv,sad\n:,joy\n")
    write("predictions", "id_twice", "id,predicted\nrows.csv:6,joy\nrows.csv:6,joy\n")
    write("predictions", "missing", "id,predicted\nrows.csv:6,joy\n")
    write("predictions", "other_truth", "id,predicted,label\nrows.csv:6,joy,joy\nrows.csv:7,joy,sad\n")
    write("predictions", "three", "predicted\njoy\njoy\njoy\n")
    write("predictions", "fields", "predicted,more\njoy\n")
    write("predictions", "no_predictions", "text,more\na,b\n")
    write("predictions", "empty", "")


def weights_seeds():
    def tiny(**changed):
        """A DistilBERT of one layer of 4 channels with a head of 2 classes; a value is (dtype, shape, bytes) or None for a tensor that is not there."""
        def value(*shape):
            count = 1
            for size in shape:
                count *= size
            return "F32", list(shape), floats(*((i % 7 - 3) / 8 for i in range(count)))

        name = "distilbert.embeddings."
        tensors = {name + "word_embeddings.weight": value(8, 4), name + "position_embeddings.weight": value(8, 4),
                   name + "LayerNorm.weight": value(4), name + "LayerNorm.bias": value(4)}
        name = "distilbert.transformer.layer.0."
        for part in ["attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin", "ffn.lin1", "ffn.lin2"]:
            tensors[f"{name}{part}.weight"], tensors[f"{name}{part}.bias"] = value(4, 4), value(4)
        for part in ["sa_layer_norm", "output_layer_norm"]:
            tensors[f"{name}{part}.weight"], tensors[f"{name}{part}.bias"] = value(4), value(4)
        for part, classes in [("pre_classifier", 4), ("classifier", 2)]:
            tensors[part + ".weight"], tensors[part + ".bias"] = value(classes, 4), value(classes)
        tensors.update({key.replace("__", "."): tensor for key, tensor in changed.items()})
        return {key: tensor for key, tensor in tensors.items() if tensor}

    def put(name, tensors, how=0, config=""):
        write("weights", name, bytes([how]) + config.encode() + END + safetensors(tensors))

    def int8(dtype="I8", scales=("F32", [4], floats(0.01, 0.02, 1, 0.5))):
        tensors = tiny()
        for key in list(tensors):
            if "layer.0" in key and len(tensors[key][1]) == 2:
                tensors[key] = (dtype, [4, 4], bytes(range(120, 136)))
                tensors[key + "_scale"] = scales
        return tensors

    def renamed(change):
        return {change(key): tensor for key, tensor in tiny().items()}

    head = {"architectures": ["DistilBertForSequenceClassification"], "id2label": {"0": "a", "1": "b"}}
    config = json.dumps({**CONFIG, "n_layers": 1, "dim": 4, "n_heads": 2, "hidden_dim": 4, "vocab_size": 8, "max_position_embeddings": 8, **head})
    put("own_head", tiny())
    put("no_head", tiny(), 1)
    put("turned_head", tiny(), 2)
    put("new_head", tiny(), 3)
    put("with_config", tiny(), 0, config)
    put("no_classifier", tiny(classifier__weight=None))
    put("no_pre", tiny(pre_classifier__weight=None), 3)
    put("old_names", renamed(lambda key: key.replace("Norm.weight", "Norm.gamma").replace("Norm.bias", "Norm.beta")))
    put("no_prefix", renamed(lambda key: key.replace("distilbert.", "")), 1)
    put("half", tiny(classifier__bias=("F16", [2], struct.pack("<2e", 1, 2)), pre_classifier__bias=("BF16", [4], bytes(8))))
    put("nan", tiny(classifier__bias=("F32", [2], floats(1, float("nan")))))
    put("infinite", tiny(classifier__bias=("F32", [2], floats(float("-inf"), 1))), 2)
    put("shape", tiny(classifier__bias=("F32", [3], floats(1, 2, 3))))
    put("numbers", tiny(classifier__bias=("I64", [2], bytes(16))))
    put("int8", int8())
    put("int8_no_head", int8(), 1)
    put("int8_no_scale", tiny(distilbert__transformer__layer__0__ffn__lin1__weight=("I8", [4, 4], bytes(16))), 1)
    put("int8_half_scale", int8(scales=("F16", [4], bytes(8))), 1)
    put("int8_short_scale", int8(scales=("F32", [3], floats(1, 1, 1))), 1)
    put("int8_nan_scale", int8(scales=("F32", [4], floats(1, float("nan"), 1, 1))), 1)
    put("int8_huge_scale", int8(scales=("F32", [4], floats(1, 3e38, 1, 1))), 1)
    put("int8_negative", int8(scales=("F32", [4], floats(1, -1, 1, 1))), 1)
    put("int8_classifier", tiny(classifier__weight=("I8", [2, 4], bytes(8)), classifier__weight_scale=("F32", [2], floats(1, 1))))
    put("no_tensors", {}, 1)
    bert = {**BERT, "num_hidden_layers": 1, "hidden_size": 4, "num_attention_heads": 2, "intermediate_size": 4, "vocab_size": 8,
            "max_position_embeddings": 8, "type_vocab_size": 2}
    put("bert", tiny(), 1, json.dumps(bert))
    put("giants", tiny(), 1, json.dumps({**CONFIG, "dim": 1 << 24, "vocab_size": 1 << 24}))


def calibration_seeds():
    whole = {"version": 1, "temperature": 1.31, "fitted": True, "fitted_on": "validation", "rows": 12, "loss_before": 0.7, "loss_after": 0.6}
    for name, changed in {"whole": {}, "none": {"temperature": None}, "zero": {"temperature": 0}, "negative": {"temperature": -1},
                          "infinite": {"temperature": "@"}, "tiny": {"temperature": 5e-324}, "text": {"temperature": "1.31"},
                          "many_rows": {"rows": 1 << 40}, "negative_rows": {"rows": -1}, "no_rows": {"rows": 0},
                          "not_fitted": {"fitted": False, "loss_before": None}}.items():
        write("calibration", name, json.dumps({**whole, **changed}).replace('"@"', "1e999"))
    write("calibration", "fitted", "")
    write("calibration", "array", "[1.31]")
    write("calibration", "cut", json.dumps(whole)[:40])


KINDS = {"words": "bag of words", "frozen": "frozen encoder (path A)", "finetune": "fine-tuned encoder (path B)"}


def tuning_seeds():
    def trial(entry, kind, **changed):
        own = {"train_rows": 100, "C": 1}
        own.update({"words": {"ngram_max": 2}, "frozen": {"pooling": "mean", "layer": 2}}.get(
            kind, {"learning_rate": 5e-5, "max_steps": 40, "num_train_epochs": None}))
        result = {"entry": entry, "kind": KINDS.get(kind, kind), "round": 0, "settings_of_rank": None, "settings": own, "done": True, "accuracy": 0.5, "loss": 0.7,
                  "costs": {"seconds": 1.5}}
        own.update(changed.pop("settings", {}))
        result.update(changed)
        return result

    def put(name, trials, **changed):
        plan = {"version": 1, "key": "0" * 64, "mode": "quick", "budget_s": 60, "validation_rows": 50, "C_choices": [0.1, 1, 10],
                "costs": {"step_s": 0.2}, "trials": trials, "chosen": []}
        write("tuning", name, json.dumps({**plan, **changed}).replace('"@"', "1e999"))

    words = trial("tfidf-logreg", "words")
    frozen = [trial("mean-logreg", "frozen", accuracy=0.5), trial("mean-logreg", "frozen", accuracy=0.6, settings={"pooling": "cls"}),
              trial("mean-logreg", "frozen", round=1, settings_of_rank=0, accuracy=0.7)]
    tuned = [trial("finetune", "finetune"), trial("finetune", "finetune", done=False, accuracy=None, settings={"learning_rate": 1e-4}),
             trial("finetune", "finetune", round=1, settings_of_rank=1, done=False, accuracy=None,
                   settings={"learning_rate": None, "max_steps": -1, "num_train_epochs": 3})]
    put("whole", [words, *frozen, *tuned])
    put("words", [words])
    put("frozen", frozen)
    put("finetune", tuned)
    put("open", [{**frozen[0], "done": False, "accuracy": None}, {**frozen[2], "done": False, "accuracy": None, "settings": {"train_rows": 7}}])
    put("rank", [frozen[0], {**frozen[2], "settings_of_rank": 1}])
    put("round", [frozen[0], {**frozen[2], "round": 2}])
    put("first_round", [frozen[2]])
    put("no_rank", [frozen[0], {**frozen[2], "settings_of_rank": None}])
    put("kinds", [frozen[0], {**words, "entry": "mean-logreg"}])
    put("turns", [words, frozen[0], words])
    put("done_unknown", [{**words, "accuracy": None}])
    put("no_name", [{**words, "entry": ""}])
    put("long_name", [{**words, "entry": "n" * 80}])
    put("other_kind", [{**words, "kind": "dummy"}])
    put("ngram", [trial("tfidf-logreg", "words", settings={"ngram_max": 9})])
    put("layer", [trial("mean-logreg", "frozen", settings={"layer": -1})])
    put("pooling", [trial("mean-logreg", "frozen", settings={"pooling": "sum"})])
    put("steps", [trial("finetune", "finetune", settings={"max_steps": 0})])
    put("rate", [trial("finetune", "finetune", settings={"learning_rate": 2})])
    put("rows", [trial("finetune", "finetune", settings={"train_rows": 0})])
    put("many", [frozen[0]] * 17)
    put("too_many", [{**frozen[0], "entry": f"e{i}"} for i in range(65)])
    put("no_trials", [])
    put("C_none", [words], C_choices=[])
    put("C_many", [words], C_choices=[1] * 9)
    put("C_zero", [words], C_choices=[0])
    put("C_infinite", [words], C_choices=["@"])
    put("C_accuracy", [{**words, "C_accuracy": [0.25, 0.5, 0.375]}])
    put("C_accuracy_short", [{**words, "C_accuracy": [0.25, 0.5]}])
    put("C_accuracy_beyond", [{**words, "C_accuracy": [0.25, 0.5, 1.5]}])
    put("version", [words], version=2)
    put("no_rows", [words], validation_rows=0)
    write("tuning", "array", "[]")
    write("tuning", "cut", '{"version": 1, "trials": [')


def report_seeds():
    def entry(name, **changed):
        return {"name": name, "kind": KINDS["frozen"], "source": "trained", "status": "done", "path": None, **changed}

    def run(entries, command="twofold compare --data rows.csv --output_dir run", **changed):
        return {"version": 1, "command": command, "seed": 42, "data": {"path": "rows.csv", "sha256": "a" * 64}, "model": {"path": "m"},
                "entries": entries, **changed}

    def put(name, *runs):
        write("report", name, END.join(json.dumps(each).encode() for each in runs))

    one = run([entry("cls-logreg"), entry("tfidf-logreg", kind=KINDS["words"]), entry("finetune", kind=KINDS["finetune"]), entry("dummy", kind="dummy")])
    put("one", one)
    put("two", one, run([entry("cls-logreg"), entry("theirs", source="predictions", path="p.csv"), entry("model", source="model", path="m")]))
    put("other_rows", one, run([], data={"sha256": "b" * 64}))
    put("failed", run([entry("finetune", status="failed")]))
    put("unknown_kind", run([entry("x", kind="oracle")]))
    put("unknown_source", run([entry("x", source="stars")]))
    put("no_name", run([entry("")]))
    put("dots", run([entry("..")]))
    put("slash", run([entry("../x")]))
    put("long_name", run([entry("n" * 63)]), run([entry("n" * 63)]))
    put("too_long", run([entry("n" * 64)]))
    put("same_names", run([entry("x"), entry("x")]), run([entry("x"), entry("x")]))
    put("many", run([entry(f"e{i}") for i in range(33)]))
    put("quoted", run([entry("x")], "twofold compare --data 'it'\\''s rows.csv' --output_dir a\\ b --seed 7 --limits 1"))
    put("flags", run([entry("x")], "twofold compare --data rows.csv --test_size 0.3 --entries cls-logreg,finetune --entry 'a=logreg:C=3' --C auto"))
    put("unknown_flag", run([entry("x")], "twofold compare --rm_rf /"))
    put("two_words", run([entry("x")], "twofold compare " + "a " * 300))
    put("open_quote", run([entry("x")], "twofold compare --data 'rows"))
    put("other_command", run([entry("x")], "twofold report a b"))
    put("no_command", run([entry("x")], None))
    put("no_entries", run(None))
    write("report", "array", "[1]")
    write("report", "empty", "")
    write("report", "cut", json.dumps(one)[:200])


def model_seeds():
    def put(name, folder, note, first=None, second=None):
        parts = [part if isinstance(part, bytes) else json.dumps(part, ensure_ascii=False).encode() if part else b"" for part in (note, first, second)]
        write("model", name, bytes([folder]) + END.join(parts))

    dummy = {"version": 1, "kind": "dummy", "labels": ["a", "b"]}
    words = {**dummy, "kind": "tfidf"}
    frozen = {**dummy, "kind": "encoder", "pooling": "mean", "layer": -1, "normalize": False, "max_length": 16}
    cascade = {"version": 1, "kind": "cascade", "threshold": 0.75}
    put("dummy", 0, dummy)
    put("words", 1, words)
    put("frozen", 2, frozen)
    put("cascade", 0, cascade)
    put("bare", 3, frozen)
    put("bare_cascade", 3, cascade)
    put("cls", 2, {**frozen, "pooling": "cls", "layer": 1, "normalize": True, "max_length": 0})
    put("long", 2, {**frozen, "max_length": 1000000})
    put("longest", 2, {**frozen, "max_length": 1 << 31})
    put("negative_length", 2, {**frozen, "max_length": -1})
    put("layer", 2, {**frozen, "layer": 7})
    put("layer_beyond", 2, {**frozen, "layer": 1001})
    put("pooling", 2, {**frozen, "pooling": "sum"})
    put("no_pooling", 2, dict(dummy, kind="encoder"))
    put("other_kind", 0, words)
    put("words_frozen", 1, frozen)
    put("frozen_dummy", 2, dummy)
    put("three_labels", 0, {**dummy, "labels": ["a", "b", "c"]})
    put("label_twice", 0, {**dummy, "labels": ["a", "a"]})
    put("one_label", 0, {**dummy, "labels": ["a"]})
    put("no_labels", 0, {**dummy, "labels": {"a": 0, "b": 1}})
    put("number_label", 0, {**dummy, "labels": ["a", 1]})
    put("nul", 0, {**dummy, "labels": ["a\0x", "b"]})
    put("strange_labels", 0, {**dummy, "labels": ["=cmd\n<b>\u202e", ""]})
    put("version", 0, {**dummy, "version": 2})
    put("no_version", 0, {"kind": "dummy"})
    put("kind", 0, {**dummy, "kind": "finetune"})
    put("no_threshold", 1, {**cascade, "threshold": None})
    put("negative", 1, {**cascade, "threshold": -1})
    put("infinite", 1, b'{"version": 1, "kind": "cascade", "threshold": 1e999}')
    put("within", 0, cascade, cascade)
    put("within_second", 0, cascade, None, cascade)
    put("other_labels", 0, cascade, {**dummy, "labels": ["b", "a"]})
    put("first_version", 0, cascade, {**dummy, "version": 3})
    put("second_cut", 0, cascade, None, b'{"version": 1')
    put("comment", 0, b'{"version": 1, "kind": "dummy", "labels": ["a", "b"]} x')
    put("loose", 0, b'{"version": 01, "kind": "dummy", "labels": ["a", "b"]}')
    put("invalid", 0, b'{"version": 1, "kind": "dummy", "labels": ["a\xc3", "b"]}')
    put("twice", 0, b'{"version": 1, "version": 1, "kind": "dummy"}')
    put("array", 0, [1])
    put("cut", 0, b'{"version": 1, "kind": "dummy", "labels": ["a')
    put("empty", 0, b"")


def curve_seeds():
    def point(rows, **changed):
        return {"done": True, "train_rows": rows, "right": 70 + rows // 40, "test_rows": 100, "accuracy": 0.8, "validation_accuracy": 0.75,
                "costs": {"seconds": 1.5}, **changed}

    def entry(name, rows=(100, 250, 500, 1000), **changed):
        return {"entry": name, "points": [point(each, **changed) for each in rows]}

    def put(name, entries, how=0, **changed):
        write("curve", name, bytes([how]) + json.dumps({"version": 1, "data": "d", "shares": [0.1, 0.25, 0.5, 1], "entries": entries, **changed}).encode())

    both = [entry("mean-logreg"), entry("finetune")]
    steep = {"entry": "finetune", "points": [point(n, right=r, test_rows=100000) for n, r in zip((100, 250, 500, 1000), (40000, 70000, 85000, 95000))]}
    flat = {"entry": "mean-logreg", "points": [point(n, right=r, test_rows=100000) for n, r in zip((100, 250, 500, 1000), (80000, 82000, 83000, 84000))]}
    put("whole", both)
    put("judged", both, 2)
    put("crossing", [flat, steep], 2)
    put("elsewhere", [entry("other"), entry("finetune")], 1)
    put("of_another", [entry("unknown"), *both])
    put("undone", [entry("finetune", done=False, right=None, validation_accuracy=None)], 2)
    put("two_shares", [entry("finetune", (10, 20))], 2, shares=[0.5, 1])
    put("no_entries", [])
    put("no_shares", [], shares=[])
    put("all_right", [entry("finetune", right=100), entry("mean-logreg", right=0)], 2)
    put("falling", [entry("finetune", (1000, 10, 10, 2147483647)), entry("mean-logreg", (1, 1, 1, 1))], 2)
    put("twice", [entry("finetune"), entry("finetune")])
    put("too_many", [entry("finetune")] * 33)
    put("too_few_points", [entry("finetune", (1, 2))])
    put("too_many_points", [entry("finetune", (1, 2, 3, 4, 5))])
    put("too_many_shares", [], shares=[1] * 17)
    put("share", [], shares=[0])
    put("share_beyond", [], shares=[1.5])
    put("right", [entry("finetune", right=101)])
    put("no_rows", [entry("finetune", train_rows=0)])
    put("giant", [entry("finetune", train_rows=1 << 40)])
    put("other_data", both, data="e")
    put("version", both, version=2)
    write("curve", "array", b"\0[]")
    write("curve", "cut", b"\0{")


def seeds_seeds():
    scores = {"accuracy": 0.75, "balanced_accuracy": 0.5, "f1_macro": 0.625, "f1_weighted": 0.5, "log_loss": 0.7}
    run = {"seed": 42, "validation": scores, "test": scores}
    parts = {"seed": 0.001, "rows": 0.002, "both": None}

    def put(name, runs, **changed):
        write("seeds", name, json.dumps({"runs": runs, "test_variance": {"accuracy": parts, "log_loss": parts}, **changed}).replace('"@"', "1e999"))

    put("three", [{**run, "seed": 42 + i} for i in range(3)])
    put("one", [run])
    put("none", [])
    put("no_runs", None)
    put("too_many", [run] * 101)
    put("most", [run] * 100)
    put("infinite", [run, {**run, "test": {"accuracy": "@", "log_loss": None}}])
    put("seeds", [{**run, "seed": seed} for seed in (-1, 1 << 60, 0.5, "x")])
    put("no_variance", [run], test_variance=None)
    put("object", {"a": run, "b": [], "c": 1})
    write("seeds", "array", "[1]")
    write("seeds", "cut", '{"runs": [')
    write("seeds", "empty", "")


def cache_seeds():
    values = bytes.fromhex("934e554d505901007600") + b"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }".ljust(117) + b"\n" + floats(1, 2)

    def put(name, note, data=values):
        write("cache", name, (note if isinstance(note, bytes) else json.dumps(note).encode()) + END + data)

    put("own", b"")
    put("whole", {"sha256": "@", "seconds": 1.5, "cpu_seconds": 2.5})
    put("no_times", {"sha256": "@"})
    put("infinite", b'{"sha256": "@", "seconds": 1e999, "cpu_seconds": -1e999}')
    put("other", {"sha256": "0" * 64, "seconds": 1.5})
    put("long", {"sha256": "@0", "seconds": 1.5})
    put("number", {"sha256": 1})
    put("no_values", {"sha256": "@", "seconds": 1}, b"")
    put("no_npy", {"sha256": "@", "seconds": "x"}, b"\x93NUMPY")
    put("array", ["@"])
    put("cut", b'{"sha256": "@')
    put("other_bytes", b"", b"12345")


def maps_seeds():
    side = {"entry": "cls-logreg", "nearest_label": 0.5,
            "pca": {"trustworthiness": 0.75, "nearest_label": 0.5, "variance_x": 0.25, "variance_y": 0.125},
            "umap": {"trustworthiness": 0.875, "nearest_label": None, "variance_x": None, "variance_y": None}}

    def put(name, how=0, data=b"", **changed):
        note = {"version": 1, "key": "k", "test_rows": 3, "frozen": side, "fine_tuned": {**side, "entry": "finetune"}, "rows": [0, 1, 2], **changed}
        write("maps", name, bytes([how]) + json.dumps(note).encode() + END + data)

    def npy(count, *numbers, shape):
        return b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117).encode() + b"\n" + floats(*numbers)

    put("both")
    put("frozen", 4, fine_tuned=None)
    put("tuned", 4, frozen=None)
    put("two_rows", 2, rows=[0, 2])
    put("any_key", 1, key="another")
    put("other_key", 0, key="another")
    put("no_sides", 0, frozen=None, fine_tuned=None)
    put("few_columns", 4)
    put("other_rows", 2)
    put("falling", 0, rows=[0, 2, 1])
    put("beyond", 0, rows=[0, 1, 3])
    put("no_rows", 0, rows=[])
    put("rows_object", 0, rows={"a": 0})
    put("other_test", 0, test_rows=4)
    put("version", 0, version=2)
    put("long_names", 0, frozen={**side, "entry": "ü" * 40})
    put("long_key", 1, key="k" * 100)
    put("own_values", 0, npy(8, *range(8), shape="(1, 8)"), rows=[1])
    put("infinite", 0, npy(4, 1, 2, float("inf"), 4, shape="(1, 4)"), rows=[1], fine_tuned=None)
    put("no_npy", 0, b"\x93NUMPY")
    write("maps", "array", b"\0[]" + END)
    write("maps", "cut", b"\0{" + END)


def cascade_seeds():
    whole = {"first": "a", "second": "b", "threshold": 0.75, "costs": {"train_s": 1.5, "predict_ms_p50": None, "model_mb": "x", "texts_per_s": 12.5}}
    for name, changed in {"whole": {}, "other_threshold": {"threshold": 0.5}, "no_threshold": {"threshold": None}, "no_costs": {"costs": None},
                          "empty_costs": {"costs": {}}, "cost_list": {"costs": [1]}, "infinite": {"costs": {"texts_per_s": "@"}}}.items():
        write("cascade", name, json.dumps({**whole, **changed}).replace('"@"', "1e999"))
    write("cascade", "array", "[0.75]")
    write("cascade", "cut", '{"threshold": 0.75, "costs": {')
    write("cascade", "empty", "")


def label_errors_seeds():
    def put(name, how=0, **changed):
        note = {"key": "k", "rows": [0, 1], "suggested": [1, 0], "scores": [0.125, 0.25], **changed}
        write("label_errors", name, bytes([how]) + json.dumps(note).encode())

    put("two")
    put("none", 0, rows=[], suggested=[], scores=[])
    put("any_key", 1, key="another")
    put("other_key", 0, key="another")
    put("no_key", 0, key=None)
    put("in_no_split", 0, rows=[0, 2])
    put("beyond", 0, rows=[0, 3])
    put("negative", 0, rows=[-1, 0])
    put("no_class", 0, suggested=[0, 2])
    put("no_probability", 0, scores=[0.5, 1.5])
    put("text", 0, scores=[0.5, "x"])
    put("fewer", 0, scores=[0.5])
    put("objects", 0, rows={"a": 0, "b": 1})
    put("no_lists", 0, rows=None, suggested=None, scores=None)
    write("label_errors", "array", b"\0[]")
    write("label_errors", "cut", b'\0{"key": "k"')


def env_seeds():
    whole = {"program": "twofold 0.1.0", "data": "a" * 64, "machine": {"processor": "AMD EPYC", "threads": 2}}
    for name, changed in {"whole": {}, "long_data": {"data": "b" * 200}, "no_machine": {"machine": None}, "list": {"machine": []},
                          "number": {"machine": {"processor": 3}, "data": 4}, "long_name": {"machine": {"processor": "x" + "ü" * 100}},
                          "empty_name": {"machine": {"processor": ""}}}.items():
        write("env", name, json.dumps({**whole, **changed}, ensure_ascii=False))
    write("env", "invalid", b'{"data": "\xff", "machine": {"processor": "ab\xc3\x28cd"}}')
    write("env", "array", "[1]")
    write("env", "cut", '{"data": "')
    write("env", "empty", "")


def ids_seeds():
    for name, line in {"numbers": "101 7 299", "brackets": "[1, 2,\t3]", "json": '{"ids": [1, 2, 3], "tokens": ["a"]}', "empty": "", "spaces": " ,[ ]",
                       "beyond": "1 300", "giant": "9" * 400, "signed": "-1", "letters": "12a", "joined": "1.5", "json_beyond": '{"ids": [300]}',
                       "json_text": '{"ids": ["1"]}', "json_fraction": '{"ids": [1.5]}', "json_infinite": '{"ids": [1e999]}', "json_negative": '{"ids": [-0.0, -1]}',
                       "no_ids": '{"tokens": []}', "object": '{"ids": {"a": 1}}', "json_cut": '{"ids": [1'}.items():
        write("ids", name, line)
    write("ids", "lines", b"1 2 3" + END + b'{"ids": [4]}' + END + b"x" + END + b"5")
    write("ids", "nul", b"1\x002")


csv_seeds()
jsonl_seeds()
config_seeds()
tokenizer_seeds()
safetensors_seeds()
index_seeds()
linear_seeds()
tfidf_seeds()
npy_seeds()
state_seeds()
record_seeds()
predictions_seeds()
weights_seeds()
calibration_seeds()
tuning_seeds()
report_seeds()
model_seeds()
curve_seeds()
seeds_seeds()
cache_seeds()
maps_seeds()
cascade_seeds()
label_errors_seeds()
env_seeds()
ids_seeds()
