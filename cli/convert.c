#include "cli/steps.h"
#include "common/model_folder.h"
#include "encoder/convert.h"

bool command_convert(Run *run, Error *err) {
    Path folder;
    if (!model_folder_find(&folder, run->settings.model, err) || !step_make_output(run, "config.json", err) ||
        !convert_to_distilbert(folder.text, run->settings.output_dir, err))
        return false;
    terminal_say(&run->terminal, "model     %s  as DistilBERT, from %s", run->settings.output_dir, folder.text);
    return true;
}
