/* A medium with its parameters from config text, as the device gets it. */
#ifndef TESTS_MEDIA_MEDIA_CHOICE_H
#define TESTS_MEDIA_MEDIA_CHOICE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "config/config.h"
#include "media/medium.h"

typedef struct media_choice {
	cfg_document *document;
	cfg_variant media;
	const medium_ops *ops;
	const void *params;
	void *state;
} media_choice;

/* Opens, for example, "media: {kind: null, mean: 1 us}" with a zeroed and prepared state. */
static inline media_choice media_open(const char *yaml, uint64_t seed)
{
	static const cfg_key keys[] = {
		{ .name = "media",
		  .type = CFG_VARIANT,
		  .offset_in_struct = offsetof(media_choice, media),
		  .default_text = "{}",
		  .variants = &media_variants,
		  .help = "-",
		  .source = "-" },
	};
	static const cfg_section section = {
		.name = "test", .keys = keys, .num_keys = 1, .struct_bytes = sizeof(media_choice)
	};
	nescsim_diag *diag = nescsim_diag_create();
	cfg_document *document = NULL;
	media_choice choice = { 0 };

	if (cfg_load_text("test", yaml, NULL, 0, diag, &document) != NESCSIM_OK ||
	    cfg_decode(document, &section, &choice, diag) != NESCSIM_OK) {
		nescsim_diag_print(diag, stderr);
		fail_msg("bad config: %s", yaml);
	}
	nescsim_diag_destroy(diag);
	choice.document = document;
	choice.ops = medium_table[choice.media.index];
	choice.params = choice.media.params;
	choice.state = calloc(1, choice.ops->state_bytes);
	choice.ops->init(choice.state, choice.params, seed);
	return choice;
}

static inline medium_times media_serve(media_choice *choice, medium_access access, ps_t arrival_ps)
{
	return choice->ops->serve(choice->state, choice->params, &access, arrival_ps);
}

static inline void media_close(media_choice *choice)
{
	free(choice->state);
	cfg_document_destroy(choice->document);
}

#endif
