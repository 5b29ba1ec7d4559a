#include "compare/model_card.h"

#include <math.h>
#include <stdio.h>

#include "common/clock.h"
#include "common/file.h"

static void add_score(Buffer *out, double score) {
    if (isnan(score))
        buffer_text(out, " – |");
    else
        buffer_printf(out, " %.4f |", score);
}

static void add_scores(Buffer *out, const SplitScores *scores) {
    buffer_text(out, "| rows | | accuracy | balanced accuracy | macro F1 | log loss |\n| --- | --- | --- | --- | --- | --- |\n");
    for (Split split = SPLIT_VALIDATION; split < SPLIT_COUNT; split++) {
        const Scores *score = scores->scores[split];
        if (!score) continue;
        char count[32];
        count_text(count, score->rows);
        buffer_printf(out, "| %s | %s |", split_name(split), count);
        add_score(out, score->accuracy);
        add_score(out, score->balanced_accuracy);
        add_score(out, score->f1_macro);
        add_score(out, score->log_loss);
        buffer_text(out, "\n");
    }
}

bool model_card_write(const ModelCard *card, Error *err) {
    Path path;
    if (!path_make(&path, err, "%s/README.md", card->folder)) return false;
    Buffer text = {0};
    buffer_text(&text, "---\npipeline_tag: text-classification\ntags:\n- twofold\n---\n\n# A text classifier\n\n");
    buffer_printf(&text, "Made with twofold " TWOFOLD_VERSION ": %s.\n", card->how);
    if (card->encoder)
        buffer_printf(&text, "The encoder is that of `%s`, and was %s.\n", path_base(card->encoder),
                      card->tuned ? "fine-tuned" : "not changed");
    buffer_text(&text, "\n");
    add_scores(&text, card->scores);
    buffer_printf(&text, "\n%sRun it with `twofold predict --model` and this folder.\n",
                  card->scores->scores[SPLIT_TEST] ? "The test rows were looked at once, for this table. " : "");
    bool ok = file_write_buffer(path.text, &text, err);
    buffer_free(&text);
    return ok;
}
