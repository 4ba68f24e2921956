// SPDX-License-Identifier: GPL-2.0
/*
 * virtio over PCI: a function's structures are found in its config space,
 * status and features are negotiated, and memory is mapped for its DMA
 *
 * Every access is a descriptor in the function's ring, and what belongs together
 * is one batch: a chain, so that nothing is stored after a failure.
 */
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <linux/pci_regs.h>
#include "virtio.h"

#define VIRTIO_PCI_VENDOR 0x1af4
#define VIRTIO_PCI_DEVICE 0x1040
#define PCI_HEADER_BYTES 256
#define RESET_TIMEOUT_MS 1000

static_assert(PCI_HEADER_BYTES / 4 == VIRTIO_BATCH,
	      "config space is read by one batch");

/* Without either of them the function cannot be used through an IOMMU */
#define REQUIRED_FEATURES \
	(1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_F_ACCESS_PLATFORM)

/**
 * virtio_fail - Say what went wrong
 * @vf: The function
 * @err: A negative errno
 * @fmt: The sentence, kept if it is the first
 *
 * Return: @err
 */
int virtio_fail(struct virtio_function *vf, int err, const char *fmt, ...)
{
	va_list ap;

	if (vf->why[0])
		return err;
	va_start(ap, fmt);
	vsnprintf(vf->why, sizeof(vf->why), fmt, ap);
	va_end(ap);
	return err;
}

static struct zpcifd_sqe *batch_add(struct virtio_function *vf,
				    uint64_t *value)
{
	assert(vf->pending < VIRTIO_BATCH);
	vf->batch[vf->pending].value = value;
	return &vf->batch[vf->pending++].sqe;
}

/**
 * virtio_load - Add a PCILG to the batch
 * @vf: The function
 * @type: Structure, VIRTIO_PCI_CAP_*_CFG
 * @offset: Offset of the register in it
 * @len: Length of the register
 * @value: Out, after virtio_run(): what the register holds
 */
void virtio_load(struct virtio_function *vf, unsigned int type,
		 unsigned int offset, unsigned int len, uint64_t *value)
{
	const struct virtio_region *region = &vf->region[type];

	zpcifd_prep_load(batch_add(vf, value), region->bar,
			 (uint64_t)region->offset + offset, len);
}

/**
 * virtio_store - Add a PCISTG to the batch
 * @vf: The function
 * @type: Structure, VIRTIO_PCI_CAP_*_CFG
 * @offset: Offset of the register in it
 * @len: Length of the register
 * @value: What the register is to hold
 */
void virtio_store(struct virtio_function *vf, unsigned int type,
		  unsigned int offset, unsigned int len, uint64_t value)
{
	const struct virtio_region *region = &vf->region[type];

	zpcifd_prep_store(batch_add(vf, NULL), region->bar,
			  (uint64_t)region->offset + offset, len,
			  zpcifd_le(value, len));
}

/**
 * virtio_block - Add a PCISTB to the batch, at most one
 * @vf: The function
 * @type: Structure, VIRTIO_PCI_CAP_*_CFG
 * @offset: Offset of the first register in it
 * @buf: The bytes to store, in the order of their addresses
 * @len: How many
 */
void virtio_block(struct virtio_function *vf, unsigned int type,
		  unsigned int offset, const void *buf, unsigned int len)
{
	const struct virtio_region *region = &vf->region[type];

	memcpy(zpcifd_ring_data(&vf->ring), buf, len);
	zpcifd_prep_block(batch_add(vf, NULL), region->bar,
			  (uint64_t)region->offset + offset, len, 0);
}

static void count(struct virtio_function *vf, const struct zpcifd_sqe *sqe,
		  const struct zpcifd_cqe *cqe)
{
	uint64_t issued = 0;

	if (cqe->flags & ZPCIFD_CQE_ISSUED)
		issued = 1 + (uint64_t)cqe->retries;

	switch (sqe->opcode) {
	case ZPCIFD_OP_PCILG:
		vf->stats.pcilg += issued;
		break;
	case ZPCIFD_OP_PCISTG:
		vf->stats.pcistg += issued;
		break;
	case ZPCIFD_OP_PCISTB:
		vf->stats.pcistb += issued;
		break;
	}
}

static int reap(struct virtio_function *vf, const char *what)
{
	static const char * const mnemonic[] = {
		[ZPCIFD_OP_PCILG] = "PCILG",
		[ZPCIFD_OP_PCISTG] = "PCISTG",
		[ZPCIFD_OP_PCISTB] = "PCISTB",
	};
	unsigned int num = vf->pending;
	int ret = 0;

	vf->pending = 0;
	for (unsigned int i = 0; i < num; i++) {
		const struct zpcifd_sqe *sqe = &vf->batch[i].sqe;
		const struct zpcifd_cqe *cqe = zpcifd_ring_peek_cqe(&vf->ring);
		char text[128];

		if (!cqe || cqe->user_data != i)
			return virtio_fail(vf, -EPROTO,
					   "%s: %s: completion %u of %u is not there",
					   zpcifd_name(vf->zf), what, i, num);
		count(vf, sqe, cqe);
		if (!cqe->res && vf->batch[i].value)
			*vf->batch[i].value = zpcifd_le(cqe->data, sqe->len);
		if (cqe->res && !ret)
			ret = virtio_fail(vf, cqe->res,
					  "%s: %s: %s of %u bytes at 0x%llx of address space %u: %s",
					  zpcifd_name(vf->zf), what,
					  mnemonic[sqe->opcode], sqe->len,
					  (unsigned long long)sqe->offset,
					  sqe->as,
					  zpcifd_cqe_str(cqe, text, sizeof(text)));
		zpcifd_ring_cq_advance(&vf->ring, 1);
	}
	return ret;
}

/**
 * virtio_run - Run the batch
 * @vf: The function
 * @what: What the batch does, for the message if it fails
 */
int virtio_run(struct virtio_function *vf, const char *what)
{
	unsigned int num = vf->pending;
	int ret = 0;

	for (unsigned int i = 0; i < num; i++) {
		struct zpcifd_sqe *sqe = &vf->batch[i].sqe;
		struct zpcifd_sqe *slot = zpcifd_ring_get_sqe(&vf->ring);

		/* What a batch that the kernel did not take left behind */
		if (!slot) {
			ret = -ENODEV;
			break;
		}
		zpcifd_sqe_set_data(sqe, i);
		if (i + 1 < num)
			sqe->flags |= ZPCIFD_SQE_LINK;
		*slot = *sqe;
	}
	if (!ret) {
		vf->stats.batches++;
		ret = zpcifd_ring_submit(&vf->ring);
	}
	if (ret < 0) {
		vf->pending = 0;
		return virtio_fail(vf, ret, "%s: %s: submit %u descriptors: %s",
				   zpcifd_name(vf->zf), what, num,
				   strerror(-ret));
	}
	return reap(vf, what);
}

/* The structure that the vendor-specific capability at @pos describes */
static int add_region(struct virtio_function *vf, const uint8_t *cfg,
		      unsigned int pos)
{
	struct virtio_pci_notify_cap cap;
	struct virtio_region r;
	unsigned int type;

	if (pos + sizeof(cap) > PCI_HEADER_BYTES)
		return virtio_fail(vf, -EPROTO,
				   "%s: capability at 0x%x ends past config space",
				   zpcifd_name(vf->zf), pos);
	memcpy(&cap, cfg + pos, sizeof(cap));
	type = cap.cap.cfg_type;
	/* The first of a type is the one that the function prefers */
	if (type < VIRTIO_PCI_CAP_COMMON_CFG || type >= VIRTIO_PCI_CAP_PCI_CFG ||
	    cap.cap.bar >= ZPCIFD_NR_BARS || vf->region[type].len)
		return 0;

	r.bar = cap.cap.bar;
	r.offset = le32toh(cap.cap.offset);
	r.len = le32toh(cap.cap.length);
	if ((uint64_t)r.offset + r.len > zpcifd_info(vf->zf)->out_bar_size[r.bar])
		return virtio_fail(vf, -EPROTO,
				   "%s: capability at 0x%x ends past BAR %u",
				   zpcifd_name(vf->zf), pos, r.bar);
	vf->region[type] = r;
	if (type == VIRTIO_PCI_CAP_NOTIFY_CFG)
		vf->notify_multiplier = le32toh(cap.notify_off_multiplier);
	return 0;
}

/* One batch loads the whole header of config space, then no more loads */
static int discover(struct virtio_function *vf, unsigned int virtio_id)
{
	static const uint32_t least[VIRTIO_PCI_CAP_PCI_CFG] = {
		[VIRTIO_PCI_CAP_COMMON_CFG] = sizeof(struct virtio_pci_common_cfg),
		[VIRTIO_PCI_CAP_NOTIFY_CFG] = 2,
		[VIRTIO_PCI_CAP_ISR_CFG] = 1,
		[VIRTIO_PCI_CAP_DEVICE_CFG] = 0,
	};
	uint64_t word[PCI_HEADER_BYTES / 4];
	uint8_t cfg[PCI_HEADER_BYTES];
	unsigned int vendor, device, pos;
	int ret;

	for (unsigned int i = 0; i < PCI_HEADER_BYTES / 4; i++)
		zpcifd_prep_load(batch_add(vf, &word[i]), ZPCIFD_AS_CONFIG,
				 4 * i, 4);
	ret = virtio_run(vf, "load config space");
	if (ret)
		return ret;
	for (unsigned int i = 0; i < PCI_HEADER_BYTES; i++)
		cfg[i] = word[i / 4] >> (8 * (i % 4));

	vendor = cfg[PCI_VENDOR_ID] | cfg[PCI_VENDOR_ID + 1] << 8;
	device = cfg[PCI_DEVICE_ID] | cfg[PCI_DEVICE_ID + 1] << 8;
	if (vendor != VIRTIO_PCI_VENDOR || device != VIRTIO_PCI_DEVICE + virtio_id)
		return virtio_fail(vf, -ENODEV,
				   "%s: PCI ID is %04x:%04x, not %04x:%04x: choose another function",
				   zpcifd_name(vf->zf), vendor, device,
				   VIRTIO_PCI_VENDOR,
				   VIRTIO_PCI_DEVICE + virtio_id);

	pos = cfg[PCI_STATUS] & PCI_STATUS_CAP_LIST ? cfg[PCI_CAPABILITY_LIST] : 0;
	/* No list is longer than config space has words: a loop ends as well */
	for (unsigned int i = 0; pos && i < PCI_HEADER_BYTES / 4; i++) {
		pos &= ~3U;
		if (cfg[pos] == PCI_CAP_ID_VNDR) {
			ret = add_region(vf, cfg, pos);
			if (ret)
				return ret;
		}
		pos = cfg[pos + PCI_CAP_LIST_NEXT];
	}
	for (unsigned int i = VIRTIO_PCI_CAP_COMMON_CFG;
	     i < VIRTIO_PCI_CAP_PCI_CFG; i++) {
		if (vf->region[i].len < least[i])
			return virtio_fail(vf, -ENODEV,
					   "%s: no capability for virtio structure %u: is it a function of virtio 1.x?",
					   zpcifd_name(vf->zf), i);
	}
	return 0;
}

/**
 * virtio_open - Own a virtio function
 * @vf: Out: the function, found, attached to a DMA address space, and not
 *	reset yet
 * @name: Its name, as zpcifd_open() takes it
 * @virtio_id: VIRTIO_ID_ of linux/virtio_ids.h
 *
 * virtio_close() after a failure as well, when virtio_function.why was read.
 */
int virtio_open(struct virtio_function *vf, const char *name,
		unsigned int virtio_id)
{
	uint32_t pt_id;
	int ret;

	memset(vf, 0, sizeof(*vf));
	vf->config_irqfd = -1;
	ret = zpcifd_open(name, &vf->zf);
	if (ret)
		return virtio_fail(vf, ret, "%s", zpcifd_strerror(NULL));

	ret = zpcifd_bind(vf->zf, -1);
	if (!ret)
		ret = zpcifd_ioas_alloc(vf->zf, &vf->ioas);
	if (!ret) {
		pt_id = vf->ioas;
		ret = zpcifd_attach(vf->zf, &pt_id);
	}
	if (!ret)
		ret = zpcifd_ring_create(vf->zf, &vf->ring, VIRTIO_BATCH, 0,
					 4096);
	if (ret)
		return virtio_fail(vf, ret, "%s", zpcifd_strerror(vf->zf));

	return discover(vf, virtio_id);
}

/**
 * virtio_close - Give the function back
 * @vf: The function; its DMA memory was freed
 */
void virtio_close(struct virtio_function *vf)
{
	if (!vf->zf)
		return;
	zpcifd_ring_destroy(&vf->ring);
	zpcifd_close(vf->zf);
	vf->zf = NULL;
	if (vf->config_irqfd >= 0)
		close(vf->config_irqfd);
	vf->config_irqfd = -1;
}

/**
 * virtio_reset - Take all that the function was told from it
 * @vf: The function
 *
 * When it returns 0 the function uses no buffer any more.
 */
int virtio_reset(struct virtio_function *vf)
{
	uint64_t status;
	int ret;

	virtio_store(vf, VIRTIO_PCI_CAP_COMMON_CFG, VIRTIO_PCI_COMMON_STATUS,
		     1, 0);
	for (unsigned int ms = 0; ms < RESET_TIMEOUT_MS; ms++) {
		virtio_load(vf, VIRTIO_PCI_CAP_COMMON_CFG,
			    VIRTIO_PCI_COMMON_STATUS, 1, &status);
		ret = virtio_run(vf, "reset");
		if (ret)
			return ret;
		if (!status)
			return 0;
		usleep(1000);
	}
	return virtio_fail(vf, -ETIMEDOUT,
			   "%s: reset: status is still 0x%02x after %u ms",
			   zpcifd_name(vf->zf), (unsigned int)status,
			   RESET_TIMEOUT_MS);
}

/**
 * virtio_negotiate - Reset the function and agree on features
 * @vf: The function
 * @optional: Features, beyond what this file needs, that the driver knows;
 *	those that the function has are in virtio_function.features then
 */
int virtio_negotiate(struct virtio_function *vf, uint64_t optional)
{
	const unsigned int common = VIRTIO_PCI_CAP_COMMON_CFG;
	uint64_t status = VIRTIO_CONFIG_S_ACKNOWLEDGE;
	uint64_t low, high, offered;
	int ret;

	ret = virtio_reset(vf);
	if (ret)
		return ret;

	virtio_store(vf, common, VIRTIO_PCI_COMMON_STATUS, 1, status);
	status |= VIRTIO_CONFIG_S_DRIVER;
	virtio_store(vf, common, VIRTIO_PCI_COMMON_STATUS, 1, status);
	virtio_store(vf, common, VIRTIO_PCI_COMMON_DFSELECT, 4, 0);
	virtio_load(vf, common, VIRTIO_PCI_COMMON_DF, 4, &low);
	virtio_store(vf, common, VIRTIO_PCI_COMMON_DFSELECT, 4, 1);
	virtio_load(vf, common, VIRTIO_PCI_COMMON_DF, 4, &high);
	ret = virtio_run(vf, "load features");
	if (ret)
		return ret;

	offered = high << 32 | low;
	if ((offered & REQUIRED_FEATURES) != REQUIRED_FEATURES)
		return virtio_fail(vf, -EOPNOTSUPP,
				   "%s: features 0x%llx lack VERSION_1 or ACCESS_PLATFORM: start QEMU with disable-legacy=on,iommu_platform=on",
				   zpcifd_name(vf->zf),
				   (unsigned long long)offered);
	vf->features = offered & (optional | REQUIRED_FEATURES);

	virtio_store(vf, common, VIRTIO_PCI_COMMON_GFSELECT, 4, 0);
	virtio_store(vf, common, VIRTIO_PCI_COMMON_GF, 4,
		     vf->features & 0xffffffff);
	virtio_store(vf, common, VIRTIO_PCI_COMMON_GFSELECT, 4, 1);
	virtio_store(vf, common, VIRTIO_PCI_COMMON_GF, 4, vf->features >> 32);
	status |= VIRTIO_CONFIG_S_FEATURES_OK;
	virtio_store(vf, common, VIRTIO_PCI_COMMON_STATUS, 1, status);
	virtio_load(vf, common, VIRTIO_PCI_COMMON_STATUS, 1, &status);
	ret = virtio_run(vf, "store features");
	if (ret)
		return ret;
	if (!(status & VIRTIO_CONFIG_S_FEATURES_OK))
		return virtio_fail(vf, -EOPNOTSUPP,
				   "%s: the function refuses the features 0x%llx",
				   zpcifd_name(vf->zf),
				   (unsigned long long)vf->features);
	return 0;
}

/**
 * virtio_driver_ok - Tell the function that its queues are set up
 * @vf: The function
 */
int virtio_driver_ok(struct virtio_function *vf)
{
	virtio_store(vf, VIRTIO_PCI_CAP_COMMON_CFG, VIRTIO_PCI_COMMON_STATUS, 1,
		     VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER |
		     VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK);
	return virtio_run(vf, "set DRIVER_OK");
}

/**
 * virtio_read_config - Read device-specific configuration
 * @vf: The function
 * @offset: First byte, a multiple of 4
 * @buf: Out: the bytes in the order of their addresses: little-endian fields
 * @len: How many, a multiple of 4
 *
 * All bytes are of one generation of the configuration.
 */
int virtio_read_config(struct virtio_function *vf, unsigned int offset,
		       void *buf, unsigned int len)
{
	uint64_t before, after, word[VIRTIO_BATCH - 2];
	int ret;

	if (len / 4 > VIRTIO_BATCH - 2 ||
	    offset + len > vf->region[VIRTIO_PCI_CAP_DEVICE_CFG].len)
		return virtio_fail(vf, -ERANGE,
				   "%s: device configuration has %u bytes, bytes %u to %u are wanted",
				   zpcifd_name(vf->zf),
				   vf->region[VIRTIO_PCI_CAP_DEVICE_CFG].len,
				   offset, offset + len);

	/* A configuration that changes all the time is no use either */
	for (unsigned int i = 0; i < 100; i++) {
		virtio_load(vf, VIRTIO_PCI_CAP_COMMON_CFG,
			    VIRTIO_PCI_COMMON_CFGGENERATION, 1, &before);
		for (unsigned int j = 0; j < len / 4; j++)
			virtio_load(vf, VIRTIO_PCI_CAP_DEVICE_CFG,
				    offset + 4 * j, 4, &word[j]);
		virtio_load(vf, VIRTIO_PCI_CAP_COMMON_CFG,
			    VIRTIO_PCI_COMMON_CFGGENERATION, 1, &after);
		ret = virtio_run(vf, "load device configuration");
		if (ret)
			return ret;
		if (before != after)
			continue;
		for (unsigned int j = 0; j < len / 4; j++)
			((uint32_t *)buf)[j] = htole32(word[j]);
		return 0;
	}
	return virtio_fail(vf, -EAGAIN,
			   "%s: the device configuration changed during each of 100 readings",
			   zpcifd_name(vf->zf));
}

/**
 * virtio_dma_alloc - Allocate memory that the function reads and writes
 * @vf: The function
 * @dma: Out: the memory, zeros
 * @len: Its length in bytes, made up to whole pages
 */
int virtio_dma_alloc(struct virtio_function *vf, struct virtio_dma *dma,
		     size_t len)
{
	size_t page = sysconf(_SC_PAGESIZE);
	int ret;

	dma->len = (len + page - 1) / page * page;
	dma->addr = mmap(NULL, dma->len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (dma->addr == MAP_FAILED) {
		ret = -errno;
		dma->addr = NULL;
		return virtio_fail(vf, ret, "%s: %zu bytes of memory: %s",
				   zpcifd_name(vf->zf), dma->len,
				   strerror(-ret));
	}
	ret = zpcifd_dma_map(vf->zf, vf->ioas, dma->addr, dma->len,
			     ZPCIFD_DMA_READ | ZPCIFD_DMA_WRITE, &dma->iova);
	if (ret) {
		munmap(dma->addr, dma->len);
		dma->addr = NULL;
		return virtio_fail(vf, ret, "%s", zpcifd_strerror(vf->zf));
	}
	return 0;
}

/**
 * virtio_dma_free - Undo virtio_dma_alloc(); does nothing the second time
 * @vf: The function, which does not use the memory any more
 * @dma: The memory
 */
void virtio_dma_free(struct virtio_function *vf, struct virtio_dma *dma)
{
	if (!dma->addr)
		return;
	if (zpcifd_dma_unmap(vf->zf, vf->ioas, dma->iova, dma->len))
		virtio_fail(vf, -EIO, "%s", zpcifd_strerror(vf->zf));
	munmap(dma->addr, dma->len);
	dma->addr = NULL;
}
