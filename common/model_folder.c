#include "common/model_folder.h"

#include <stdlib.h>
#include <string.h>

static bool is_set(const char *variable) {
    const char *value = getenv(variable);
    return value && *value;
}

static bool cache_folder(Path *cache, Error *err) {
    if (is_set("HF_HUB_CACHE")) return path_make(cache, err, "%s", getenv("HF_HUB_CACHE"));
    if (is_set("HF_HOME")) return path_make(cache, err, "%s/hub", getenv("HF_HOME"));
    if (is_set("XDG_CACHE_HOME")) return path_make(cache, err, "%s/huggingface/hub", getenv("XDG_CACHE_HOME"));
    return path_make(cache, err, "%s/.cache/huggingface/hub", is_set("HOME") ? getenv("HOME") : "");
}

/* "model" or "owner/model", as the Hub allows them: then it cannot leave the cache either. */
static bool is_hub_name(const char *name) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    size_t owner = strspn(name, letters);
    if (owner == 0 || name[0] == '.') return false;
    if (!name[owner]) return true;
    const char *model = name + owner + 1;
    return name[owner] == '/' && *model && *model != '.' && !model[strspn(model, letters)];
}

/* models--owner--model */
static bool repository_folder(Path *folder, const char *cache, const char *name, Error *err) {
    const char *slash = strchr(name, '/');
    if (!slash) return path_make(folder, err, "%s/models--%s", cache, name);
    return path_make(folder, err, "%s/models--%.*s--%s", cache, (int)(slash - name), name, slash + 1);
}

/* The first line of refs/main, when it is a plain file name. */
static bool read_revision(char revision[128], const char *repository) {
    Path path;
    FileMap file = {0};
    if (!path_make(&path, NULL, "%s/refs/main", repository) || !file_map(&file, path.text, ERROR_MODEL, NULL)) return false;
    size_t size = 0;
    while (size < file.size && size < 127 && file.data[size] > ' ' && file.data[size] != '/') size++;
    bool ended = size == file.size || file.data[size] == '\n' || file.data[size] == '\r';
    if (size) memcpy(revision, file.data, size);
    revision[size] = '\0';
    file_unmap(&file);
    return size > 0 && ended && revision[0] != '.';
}

static bool find_in_cache(Path *folder, const char *cache, const char *name) {
    Path repository;
    char revision[128];
    return is_hub_name(name) && repository_folder(&repository, cache, name, NULL) && read_revision(revision, repository.text) &&
           path_make(folder, NULL, "%s/snapshots/%s", repository.text, revision) && folder_exists(folder->text);
}

static bool has_file(const char *folder, const char *name) {
    Path path;
    return path_make(&path, NULL, "%s/%s", folder, name) && file_exists(path.text);
}

static bool refuse_pickle(const char *folder, Error *err) {
    bool is_pickle = has_file(folder, "pytorch_model.bin") || has_file(folder, "pytorch_model.bin.index.json");
    bool is_readable = has_file(folder, "model.safetensors") || has_file(folder, "model.safetensors.index.json");
    if (!is_pickle || is_readable) return true;
    return FAIL(err, ERROR_MODEL,
                "%s: the weights are in pytorch_model.bin, a pickle, which can run code and is not read. Save them as "
                "safetensors, in Python: "
                "from transformers import AutoModel; AutoModel.from_pretrained('%s').save_pretrained('%s')",
                folder, folder, folder);
}

bool model_folder_find(Path *folder, const char *name, Error *err) {
    if (!*name) return FAIL(err, ERROR_MODEL, "the name of the model is empty");
    if (folder_exists(name)) return path_make(folder, err, "%s", name) && refuse_pickle(folder->text, err);
    if (file_exists(name)) return FAIL(err, ERROR_MODEL, "%s: a file, expected the folder it lies in", name);
    Path cache;
    if (!cache_folder(&cache, err)) return false;
    if (find_in_cache(folder, cache.text, name)) return refuse_pickle(folder->text, err);
    return FAIL(err, ERROR_MODEL,
                "%s: not a folder%s%s%s. Needed: a folder with config.json, model.safetensors and vocab.txt or tokenizer.json",
                name, is_hub_name(name) ? ", and not in the Hugging Face cache (" : "", is_hub_name(name) ? cache.text : "",
                is_hub_name(name) ? ")" : "");
}
