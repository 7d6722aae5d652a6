#include "sweep/param.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/units.h"

#define ZIP "zip:"
#define LABEL '@'
#define ITEMS ","
#define KEYS ";"
#define MAX_UNIT_BYTES 16
#define HINT_RANGE "such as 1..64*2, 4..32+4 or 512 B..64 KiB*2; between quotation marks it is a text"

/* What is being read, for messages. */
typedef struct reader {
	const diag_place *place;
	nescsim_diag *diag;
} reader;

/* A piece of a text. */
typedef struct piece {
	const char *begin, *end;
} piece;

static int shown_bytes(piece of)
{
	const ptrdiff_t num_bytes = of.end - of.begin;

	return num_bytes > 60 ? 60 : (int)num_bytes;
}

#define SHOWN(of) shown_bytes(of), (of).begin

static piece trimmed(piece of)
{
	while (of.begin < of.end && isspace((unsigned char)*of.begin))
		of.begin++;
	while (of.begin < of.end && isspace((unsigned char)of.end[-1]))
		of.end--;
	return of;
}

/* Where the first separator is outside of brackets and quotation marks, or the end. *is_closed_out: are all of these closed
 * there? */
static const char *find_separator(piece in, const char *separators, bool *is_closed_out)
{
	const char *at;
	char quote = '\0', before = *separators;
	int depth = 0;

	for (at = in.begin; at < in.end; before = *at++) {
		if (quote != '\0')
			quote = *at == quote ? '\0' : quote;
		else if ((*at == '"' || *at == '\'') && strchr("[{,:=; ", before) != NULL)
			quote = *at;
		else if (*at == '[' || *at == '{')
			depth++;
		else if (*at == ']' || *at == '}')
			depth--;
		else if (strchr(separators, *at) != NULL && depth <= 0)
			break;
	}
	*is_closed_out = quote == '\0' && depth == 0;
	return at;
}

/* Cuts off what is before the next separator; false when nothing is left. */
static bool next_piece(piece *rest, const char *separator, piece *piece_out)
{
	bool is_closed;
	const char *at;

	if (rest->begin == NULL)
		return false;
	at = find_separator(*rest, separator, &is_closed);
	*piece_out = trimmed((piece){ rest->begin, at });
	rest->begin = at < rest->end ? at + 1 : NULL;
	return true;
}

/* ---- values ----------------------------------------------------------------------------------------------------- */

static nescsim_status add_value(const reader *with, text_list *values, const char *text, size_t num_bytes)
{
	char **items;

	if (values->num == PARAM_MAX_VALUES)
		return diag_add(with->diag, NESCSIM_ERROR, NESCSIM_USAGE, with->place, "take larger steps",
				"the list has more than %d values", PARAM_MAX_VALUES);
	items = array_with_room(values->items, values->num, &values->capacity, sizeof(*items));
	if (items == NULL)
		return NESCSIM_NO_MEMORY;
	values->items = items;
	values->items[values->num] = strndup(text, num_bytes);
	return values->items[values->num++] != NULL ? NESCSIM_OK : NESCSIM_NO_MEMORY;
}

typedef struct quantity {
	int64_t number;
	char unit[MAX_UNIT_BYTES]; /* "" = none */
} quantity;

static bool take_quantity(piece *rest, quantity *out)
{
	char digits[24] = "";
	size_t num_digits = 0, num_bytes = 0;

	*rest = trimmed(*rest);
	while (rest->begin < rest->end && isdigit((unsigned char)*rest->begin) && num_digits < sizeof(digits) - 1)
		digits[num_digits++] = *rest->begin++;
	*rest = trimmed(*rest);
	while (rest->begin < rest->end && (isalpha((unsigned char)*rest->begin) || *rest->begin == '/') &&
	       num_bytes < MAX_UNIT_BYTES - 1)
		out->unit[num_bytes++] = *rest->begin++;
	out->unit[num_bytes] = '\0';
	*rest = trimmed(*rest);
	errno = 0;
	out->number = strtoll(digits, NULL, 10);
	return num_digits != 0 && errno == 0;
}

typedef struct range {
	quantity first, last, step;
	char how; /* '+' or '*' */
} range;

/* "A..B", "A..B+C" or "A..B*C". */
static bool take_range(piece rest, range *out)
{
	*out = (range){ .step = { .number = 1 }, .how = '+' };
	if (!take_quantity(&rest, &out->first) || rest.end - rest.begin < 2 || memcmp(rest.begin, "..", 2) != 0)
		return false;
	rest.begin += 2;
	if (!take_quantity(&rest, &out->last))
		return false;
	if (rest.begin < rest.end) {
		out->how = *rest.begin++;
		if ((out->how != '+' && out->how != '*') || !take_quantity(&rest, &out->step))
			return false;
	}
	return rest.begin == rest.end && (out->how == '+' || out->step.unit[0] == '\0');
}

static bool in_whole_numbers(units_kind kind, quantity *of)
{
	char text[48];

	snprintf(text, sizeof(text), "%" PRId64 " %s", of->number, of->unit);
	return units_parse(kind, 1, text, &of->number) == UNITS_OK;
}

/* Brings all numbers to the same unit: that of the user if there is but one, else the smallest of its kind, which is
 * then *kind_out. */
static bool join_units(range *of, units_kind *kind_out)
{
	static const units_kind kinds[] = { UNITS_BYTES, UNITS_DURATION, UNITS_FREQUENCY, UNITS_RATE };

	*kind_out = UNITS_COUNT;
	if (of->first.unit[0] == '\0')
		memcpy(of->first.unit, of->last.unit, MAX_UNIT_BYTES);
	if (of->how == '*')
		memcpy(of->step.unit, of->last.unit, MAX_UNIT_BYTES); /* a plain number, left as it is below */
	else if (of->step.unit[0] == '\0')
		memcpy(of->step.unit, of->last.unit, MAX_UNIT_BYTES);
	if (strcmp(of->first.unit, of->last.unit) == 0 && strcmp(of->step.unit, of->last.unit) == 0)
		return true;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		range converted = *of;

		if (!in_whole_numbers(kinds[i], &converted.first) || !in_whole_numbers(kinds[i], &converted.last) ||
		    (of->how == '+' && !in_whole_numbers(kinds[i], &converted.step)))
			continue;
		*of = converted;
		*kind_out = kinds[i];
		return true;
	}
	return false;
}

static nescsim_status range_error(const reader *with, piece item, const char *why)
{
	return diag_add(with->diag, NESCSIM_ERROR, NESCSIM_USAGE, with->place, HINT_RANGE, "the range '%.*s' %s",
			SHOWN(item), why);
}

static nescsim_status add_range(const reader *with, text_list *values, piece item)
{
	range of;
	units_kind kind;
	nescsim_status status = NESCSIM_OK;

	if (!take_range(item, &of))
		return range_error(with, item,
				   "is not FIRST..LAST, FIRST..LAST+STEP or FIRST..LAST*FACTOR in whole "
				   "numbers");
	if (!join_units(&of, &kind))
		return range_error(with, item, "has units that do not go together");
	if (of.first.number > of.last.number)
		return range_error(with, item, "is empty: its first number is above its last");
	if (of.how == '+' && of.step.number < 1)
		return range_error(with, item, "never gets to its end: its step is 0");
	if (of.how == '*' && (of.step.number < 2 || of.first.number == 0))
		return range_error(with, item, "never gets to its end: it multiplies 0, or by less than 2");
	for (int64_t value = of.first.number; status == NESCSIM_OK;) {
		char text[64];

		if (kind == UNITS_COUNT)
			snprintf(text, sizeof(text), "%" PRId64 "%s%s", value, of.last.unit[0] != '\0' ? " " : "",
				 of.last.unit);
		else
			units_format(kind, 1, value, text, sizeof(text));
		status = add_value(with, values, text, strlen(text));
		if (of.how == '+' ? value > of.last.number - of.step.number : value > of.last.number / of.step.number)
			break;
		value = of.how == '+' ? value + of.step.number : value * of.step.number;
	}
	return status;
}

/* Begins with a number that two dots follow, before any quotation mark or bracket? "../a" and "a..b" are texts. */
static bool is_range(piece item)
{
	if (item.begin == item.end || !isdigit((unsigned char)*item.begin))
		return false;
	for (const char *at = item.begin; at + 1 < item.end && strchr("\"'[{", *at) == NULL; at++)
		if (at[0] == '.' && at[1] == '.')
			return true;
	return false;
}

static nescsim_status add_values(const reader *with, const char *path, piece list, text_list *values)
{
	nescsim_status first = NESCSIM_OK;
	piece item;

	if (trimmed(list).begin == trimmed(list).end)
		return diag_add(with->diag, NESCSIM_ERROR, NESCSIM_USAGE, with->place, "such as 1,2,4 or 1..64*2",
				"the list of '%s' is empty", path);
	while (first != NESCSIM_NO_MEMORY && next_piece(&list, ITEMS, &item)) {
		nescsim_status status;

		if (item.begin == item.end)
			status = diag_add(with->diag, NESCSIM_ERROR, NESCSIM_USAGE, with->place,
					  "an empty text is \"\"", "the list of '%s' has an empty item", path);
		else if (is_range(item))
			status = add_range(with, values, item);
		else
			status = add_value(with, values, item.begin, (size_t)(item.end - item.begin));
		if (first == NESCSIM_OK)
			first = status;
		if (first != NESCSIM_OK && values->num == PARAM_MAX_VALUES)
			break; /* said once */
	}
	return first;
}

/* ---- keys ------------------------------------------------------------------------------------------------------- */

/* What a label says is taken literally, quotation marks only keep its commas together. */
static void unquote(char *text)
{
	const size_t num_bytes = strlen(text);

	if (num_bytes < 2 || (*text != '"' && *text != '\'') || text[num_bytes - 1] != *text)
		return;
	memmove(text, text + 1, num_bytes - 2);
	text[num_bytes - 2] = '\0';
}

static bool is_label_name(piece name)
{
	if (name.begin == name.end || isdigit((unsigned char)*name.begin))
		return false;
	for (const char *at = name.begin; at < name.end; at++)
		if (!isalnum((unsigned char)*at) && *at != '_')
			return false;
	return true;
}

static nescsim_status add_key(const reader *with, piece text, param_axis *axis)
{
	const char *equals = memchr(text.begin, '=', (size_t)(text.end - text.begin));
	param_key *keys, *key;
	bool is_label;
	nescsim_status status;
	piece path;

	path = trimmed((piece){ text.begin, equals != NULL ? equals : text.begin });
	if (path.begin == path.end)
		return diag_add(with->diag, NESCSIM_ERROR, NESCSIM_USAGE, with->place,
				"such as nesc.btlb.entries=4,8,16", "'%.*s' is not KEY=LIST", SHOWN(text));
	is_label = *path.begin == LABEL;
	path.begin += is_label;
	if (is_label && !is_label_name(path))
		return diag_add(with->diag, NESCSIM_ERROR, NESCSIM_USAGE, with->place, "such as @setting",
				"the name of a label has letters, digits and '_', not '%.*s'", SHOWN(path));
	keys = realloc(axis->keys, (axis->num_keys + 1) * sizeof(*keys));
	if (keys == NULL)
		return NESCSIM_NO_MEMORY;
	axis->keys = keys;
	key = &keys[axis->num_keys++];
	*key = (param_key){ .path = strndup(path.begin, (size_t)(path.end - path.begin)), .is_label = is_label };
	if (key->path == NULL)
		return NESCSIM_NO_MEMORY;
	for (size_t i = 0; i + 1 < axis->num_keys; i++)
		if (strcmp(axis->keys[i].path, key->path) == 0)
			return diag_add(with->diag, NESCSIM_ERROR, NESCSIM_USAGE, with->place, NULL,
					"the key '%s' is named twice", key->path);
	status = add_values(with, key->path, (piece){ equals + 1, text.end }, &key->values);
	for (size_t i = 0; status == NESCSIM_OK && is_label && i < key->values.num; i++)
		unquote(key->values.items[i]);
	return status;
}

static nescsim_status check_axis(const reader *with, const param_axis *axis, bool is_zip)
{
	bool sets_something = false;

	if (is_zip && axis->num_keys < 2)
		return diag_add(with->diag, NESCSIM_ERROR, NESCSIM_USAGE, with->place, "zip:KEY=LIST;KEY=LIST",
				"a zip pairs two keys or more");
	for (size_t i = 0; i < axis->num_keys; i++)
		sets_something = sets_something || !axis->keys[i].is_label;
	if (!sets_something)
		return diag_add(with->diag, NESCSIM_ERROR, NESCSIM_USAGE, with->place,
				"pair it with what it names: zip:@setting=LIST;KEY=LIST", "the label '%s' sets nothing",
				axis->keys[0].path);
	for (size_t i = 1; i < axis->num_keys; i++)
		if (axis->keys[i].values.num != axis->keys[0].values.num)
			return diag_add(with->diag, NESCSIM_ERROR, NESCSIM_USAGE, with->place,
					"keys that are paired need equally many values",
					"'%s' has %zu values and '%s' has %zu", axis->keys[0].path,
					axis->keys[0].values.num, axis->keys[i].path, axis->keys[i].values.num);
	return NESCSIM_OK;
}

nescsim_status param_parse(const char *text, const diag_place *place, nescsim_diag *diag, param_axis *axis_out)
{
	const bool is_zip = strncmp(text, ZIP, strlen(ZIP)) == 0;
	const reader with = { .place = place, .diag = diag };
	piece rest = { text, text + strlen(text) }, key;
	nescsim_status first = NESCSIM_OK;

	*axis_out = (param_axis){ .num_keys = 0 };
	if (is_zip) {
		rest.begin += strlen(ZIP);
		while (first != NESCSIM_NO_MEMORY && next_piece(&rest, KEYS, &key)) {
			const nescsim_status status = add_key(&with, key, axis_out);

			if (first == NESCSIM_OK)
				first = status;
		}
	} else {
		first = add_key(&with, trimmed(rest), axis_out);
	}
	if (first == NESCSIM_OK)
		first = check_axis(&with, axis_out, is_zip);
	if (first == NESCSIM_OK)
		axis_out->num_values = axis_out->keys[0].values.num;
	return first;
}

void param_fini(param_axis *axis)
{
	for (size_t i = 0; i < axis->num_keys; i++) {
		for (size_t j = 0; j < axis->keys[i].values.num; j++)
			free(axis->keys[i].values.items[j]);
		free(axis->keys[i].values.items);
		free(axis->keys[i].path);
	}
	free(axis->keys);
	free(axis->folder);
	*axis = (param_axis){ .num_keys = 0 };
}

/* ---- the way back ----------------------------------------------------------------------------------------------- */

static bool is_one_item(const char *text)
{
	const piece whole = { text, text + strlen(text) };
	bool is_closed;

	return find_separator(whole, ITEMS KEYS, &is_closed) == whole.end && is_closed;
}

/* Would it be another text, or a range, without quotation marks around it? */
static bool needs_quotes(const char *text)
{
	const piece whole = { text, text + strlen(text) }, bare = trimmed(whole);

	if (whole.begin == whole.end || bare.begin != whole.begin || bare.end != whole.end)
		return true;
	return ((*text == '"' || *text == '\'') && whole.end[-1] == *text) || is_range(whole) || !is_one_item(text);
}

void param_add_label_value(text_buffer *list, const char *value)
{
	static const char *const quotes[] = { "\"", "'" };
	text_buffer quoted = TEXT_EMPTY;

	if (!needs_quotes(value)) {
		text_add(list, "%s", value);
		return;
	}
	for (size_t i = 0; i < sizeof(quotes) / sizeof(quotes[0]); i++) {
		text_cut(&quoted, 0);
		text_add(&quoted, "%s%s%s", quotes[i], value, quotes[i]);
		if (is_one_item(text_get(&quoted)))
			break;
	}
	text_add(list, "%s", text_get(&quoted));
	list->failed = list->failed || !text_ok(&quoted);
	text_free(&quoted);
}
