/* Where a model is: a folder, or a name that the Hugging Face cache on this machine knows. Nothing is downloaded. */
#ifndef TWOFOLD_COMMON_MODEL_FOLDER_H
#define TWOFOLD_COMMON_MODEL_FOLDER_H

#include "common/file.h"

/* `name` is a folder, or "model" or "owner/model" in the cache: $HF_HUB_CACHE, else $HF_HOME/hub, else
 * $XDG_CACHE_HOME/huggingface/hub, else
 * ~/.cache/huggingface/hub; there models--owner--model/snapshots/REVISION, the revision being what refs/main says
 * (huggingface_hub's layout). ERROR_MODEL with the files needed when it is neither, and with what to do when its weights are a
 * pickle only. */
MUST_CHECK bool model_folder_find(Path *folder, const char *name, Error *err);

#endif
