/* Does any broken document crash the loader, and does every value that decodes survive a dump? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cmocka_all.h"
#include "base/rng.h"
#include "config/sample.h"

static const char seed_document[] = "seed: 1_000\n"
				    "check: yes\n"
				    "title: 'a: \"b\"'\n"
				    "latency: 1.5us\n"
				    "clock: 156.25 MHz\n"
				    "rate: 1e-1\n"
				    "btlb: {entries: 64, replacement: fifo}\n"
				    "media: &m {kind: nand, channels: 2, cache: {entries: 16}}\n"
				    "vms:\n"
				    "  - {count: 3, disk: {bytes: 4 GiB, map: m/a.map}, workload: idle}\n"
				    "  - disk: {bytes: 1 KiB, map: /b.map}\n"
				    "    workload: {kind: random, depth: 4}\n"
				    "schemes: [virtio, nesc: {depth: 2}, host]\n"
				    "depths: [1, 1024]\n";

static const char *const fragments[] = { "[",
					 "]",
					 "{",
					 "}",
					 ": ",
					 "\n",
					 "- ",
					 "? ",
					 "*m",
					 "&m ",
					 "!x ",
					 "\"",
					 "'",
					 "#",
					 "---\n",
					 "...\n",
					 "<<: ",
					 "null",
					 "~",
					 "\\0",
					 "1e99",
					 "-1",
					 "%",
					 "|\n",
					 ">\n",
					 "\t",
					 "    ",
					 "base: ",
					 "kind: nand, ",
					 "kind: null",
					 "entries",
					 "\xff",
					 "\xc3",
					 "\xef\xbb\xbf" };

static const char *const paths[] = {
	"seed",           "media.kind", "media",     "vms[0].disk", "vms[1]", "schemes.nesc.depth",
	"schemes.host",   "schemes",    "depths[0]", "a.b[0].c",    "base",   "vms[0].workload.kind",
	"media.channels", "btlb",       "[",         "title.x.y"
};

static const char *pick(rng_stream *rng, const char *const *words, size_t num_words)
{
	return words[rng_uniform_u64(rng, num_words)];
}

#define PICK(rng, words) pick(rng, words, sizeof(words) / sizeof((words)[0]))

static void mutate(rng_stream *rng, char *document, size_t capacity)
{
	size_t num_changes = 1 + rng_uniform_u64(rng, 6);

	for (size_t i = 0; i < num_changes; i++) {
		size_t length = strlen(document), at = rng_uniform_u64(rng, length + 1), cut;
		const char *fragment = PICK(rng, fragments);
		size_t fragment_bytes = strlen(fragment);

		switch (rng_uniform_u64(rng, 4)) {
		case 0: /* insert a fragment */
			if (length + fragment_bytes < capacity) {
				memmove(document + at + fragment_bytes, document + at, length - at + 1);
				memcpy(document + at, fragment, fragment_bytes);
			}
			break;
		case 1: /* cut a piece out */
			cut = rng_uniform_u64(rng, 20);
			if (at + cut <= length)
				memmove(document + at, document + at + cut, length - at - cut + 1);
			break;
		case 2: /* flip a byte */
			if (at < length) {
				document[at] = (char)rng_bits(rng);
				if (document[at] == '\0')
					document[at] = ' ';
			}
			break;
		default: /* repeat a piece */
			cut = rng_uniform_u64(rng, 60);
			if (at + cut <= length && length + cut < capacity)
				memmove(document + at + cut, document + at, length - at + 1);
		}
	}
}

static char *dumped(const sample *value)
{
	char *yaml = NULL;
	size_t num_bytes;
	FILE *out = open_memstream(&yaml, &num_bytes);

	cfg_dump_yaml(&sample_section, value, out);
	fclose(out);
	return yaml;
}

static void check_round_trip(const sample *value)
{
	char *first = dumped(value), *second, *messages;
	sample again;
	cfg_document *document = sample_read(first, NULL, 0, &again, &messages);

	assert_string_equal(messages, "");
	second = dumped(&again);
	assert_string_equal(first, second);
	cfg_document_destroy(document);
	free(first);
	free(second);
	free(messages);
}

static void broken_documents_give_messages_or_values(void **state)
{
	rng_stream rng = rng_open(1, "fuzz", 0);
	int num_good = 0, num_bad = 0;

	(void)state;
	for (int i = 0; i < 6000; i++) {
		char contents[2048], value_text[64] = "";
		cfg_override overrides[3];
		size_t num_overrides = rng_chance(&rng, 1, 2) ? rng_uniform_u64(&rng, 4) : 0;
		cfg_document *document;
		sample value;
		char *messages;

		strcpy(contents, seed_document);
		if (rng_chance(&rng, 4, 5))
			mutate(&rng, contents, sizeof(contents));
		strcpy(value_text, PICK(&rng, fragments));
		strcat(value_text, rng_chance(&rng, 1, 2) ? "16" : "{depth: 2}");
		for (size_t j = 0; j < num_overrides; j++)
			overrides[j] = (cfg_override){ .path = PICK(&rng, paths),
						       .value = rng_chance(&rng, 1, 2) ? value_text : "nand" };
		document = sample_read(contents, overrides, num_overrides, &value, &messages);
		if (document) {
			check_round_trip(&value);
			num_good++;
		} else {
			assert_true(strlen(messages) > 0);
			num_bad++;
		}
		cfg_document_destroy(document);
		free(messages);
	}
	assert_true(num_good > 300);
	assert_true(num_bad > 3000);
}

static void random_bytes_give_messages_or_values(void **state)
{
	rng_stream rng = rng_open(2, "fuzz", 0);

	(void)state;
	for (int i = 0; i < 3000; i++) {
		char contents[200];
		size_t num_bytes = rng_uniform_u64(&rng, sizeof(contents));
		sample value;
		char *messages;

		for (size_t j = 0; j < num_bytes; j++) {
			uint64_t bits = rng_bits(&rng);

			contents[j] = i % 2 ? "[]{}:,-?*&!|>'\"%@# \n\tabkind01~"[bits % 31] : (char)(1 + bits % 255);
		}
		contents[num_bytes] = '\0';
		cfg_document_destroy(sample_read(contents, NULL, 0, &value, &messages));
		free(messages);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broken_documents_give_messages_or_values),
		cmocka_unit_test(random_bytes_give_messages_or_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
