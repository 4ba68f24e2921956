// SPDX-License-Identifier: GPL-2.0
/*
 * zpctl config
 */
#include <errno.h>
#include <stdio.h>

#include "out.h"
#include "zpctl.h"

#define CONFIG_LEN 256
#define CONFIG_EXTENDED_LEN 4096

static void dump_text(const uint8_t *c, size_t len)
{
	size_t i, j;

	for (i = 0; i < len; i += 16) {
		printf("%02zx:", i);
		for (j = i; j < i + 16; j++)
			printf(" %02x", c[j]);
		putchar('\n');
	}
	putchar('\n');
}

static void dump_json(struct out *o, const uint8_t *c, size_t len)
{
	char hex[2 * CONFIG_EXTENDED_LEN + 1];
	size_t i;

	for (i = 0; i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", c[i]);
	out_string(o, "bytes", NULL, hex);
}

int cmd_config(char **args, const struct options *opt)
{
	size_t len = opt->extended ? CONFIG_EXTENDED_LEN : CONFIG_LEN;
	uint8_t c[CONFIG_EXTENDED_LEN];
	struct zpcifd_ring r;
	struct zpcifd *f;
	struct out o;
	int ret, err;

	ret = open_owned(args[0], 0, &f, &r);
	if (ret)
		return ret;
	err = zpcifd_config_read(&r, 0, c, len);
	if (err) {
		errno = -err;
		ret = fail("%s: read config space: %m: 'zpctl load %s config 0 4' tells more",
			   zpcifd_name(f), zpcifd_name(f));
	} else {
		out_begin(&o, opt->json, false);
		out_string(&o, "name", "Name", zpcifd_name(f));
		if (opt->json)
			dump_json(&o, c, len);
		else
			dump_text(c, len);
		config_decode(&o, c, len, zpcifd_info(f)->out_bar_size);
		out_end(&o);
	}
	zpcifd_ring_destroy(&r);
	zpcifd_close(f);
	return ret;
}
