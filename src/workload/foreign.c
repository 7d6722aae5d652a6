#include "workload/foreign.h"

#include <stdbool.h>
#include <string.h>

#define UNPACK "unpack it first; of packed files gzip, bzip2, xz and zstd are read as they are"
#define CONVERT "convert it to text, such as our csv: time_us,op,offset_bytes,size_bytes"
#define RECODE "write it as UTF-8: iconv -f UTF-16 -t UTF-8"

#define FILE_THAT_BEGINS(bytes, what, hint) \
	{                                   \
		bytes, sizeof(bytes) - 1,   \
		{                           \
			what, hint          \
		}                           \
	}

static const struct {
	const char *begin;
	size_t num_bytes;
	foreign_file file;
} beginnings[] = {
	/* What the reader has unpacked already was packed twice, or lies packed in an archive. */
	FILE_THAT_BEGINS("\x1f\x8b", "a gzip file in a packed one", "unpack the outer one first"),
	FILE_THAT_BEGINS("\xfd"
			 "7zXZ",
			 "an xz file in a packed one", "unpack the outer one first"),
	FILE_THAT_BEGINS("\x28\xb5\x2f\xfd", "a zstd file in a packed one", "unpack the outer one first"),
	FILE_THAT_BEGINS("BZh", "a bzip2 file in a packed one", "unpack the outer one first"),
	FILE_THAT_BEGINS("PK\x03\x04", "a zip archive", UNPACK),
	FILE_THAT_BEGINS("7z\xbc\xaf", "a 7z archive", UNPACK),
	FILE_THAT_BEGINS("Rar!", "a rar archive", UNPACK),
	FILE_THAT_BEGINS("\x04\x22\x4d\x18", "an lz4 file", UNPACK),
	FILE_THAT_BEGINS("\x1f\x9d", "a file packed by compress", UNPACK),
	FILE_THAT_BEGINS("PAR1", "a Parquet file", CONVERT),
	FILE_THAT_BEGINS("SQLite format 3", "an SQLite database", CONVERT),
	FILE_THAT_BEGINS("\xff\xfe", "text in UTF-16", RECODE),
	FILE_THAT_BEGINS("\xfe\xff", "text in UTF-16", RECODE),
	FILE_THAT_BEGINS("nescsim extents ", "the map of a file", "give it as disk: {map: {kind: extents, file: ...}}"),
};

static const foreign_file fio_job = {
	"a fio job file",
	"make it the workload: {kind: fio_job, file: ...}, or a trace: nescsim trace generate OUT --job FILE",
};

/* A job file's first line that is no remark is a section. */
static bool is_fio_job(const uint8_t *head, size_t num_bytes)
{
	const uint8_t *end = head + num_bytes, *line = head;

	while (line < end && (*line == '#' || *line == ';' || *line == '\n' || *line == '\r')) {
		line = memchr(line, '\n', (size_t)(end - line));
		if (line == NULL)
			return false;
		line++;
	}
	return line < end && *line == '[';
}

const foreign_file *foreign_find(const uint8_t *head, size_t num_bytes)
{
	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
		if (num_bytes >= beginnings[i].num_bytes &&
		    memcmp(head, beginnings[i].begin, beginnings[i].num_bytes) == 0)
			return &beginnings[i].file;
	return is_fio_job(head, num_bytes) ? &fio_job : NULL;
}

void foreign_first_line(const uint8_t *head, size_t num_bytes, char *text, size_t text_bytes)
{
	size_t num = 0;

	while (num < num_bytes && num + 1 < text_bytes &&
	       ((head[num] >= ' ' && head[num] < 127) || head[num] == '\t')) {
		text[num] = (char)head[num];
		num++;
	}
	if (num < num_bytes && num + 1 < text_bytes && head[num] != '\n' && head[num] != '\r')
		num = 0;
	text[num] = '\0';
}
