// SPDX-License-Identifier: GPL-2.0
/*
 * The ring against other ways to the same registers: loads against vfio-pci's
 * preads, PCISTB against PCISTG. On a physical function that nothing else needs
 * meanwhile; the test takes it from driver to driver and gives it back.
 *
 * Of a virtio function, which is all that QEMU gives a guest, these registers
 * are used: the common configuration at offset 0 of BAR 4, the ISR at 0x1000
 * and the device configuration at 0x2000.
 */
#include <linux/vfio.h>

#include "submit.h"

#define VIRTIO_BAR 4
#define DEVICE_CONFIG 0x2000
#define DEVICE_STATUS 0x14
#define QUEUE_DESC 0x20

/* Where the registers are, and so what is compared */
static const struct {
	__u32 start;
	__u32 end;
} ranges[] = {
	{ 0, 0x40 },
	{ TEST_SCRATCH, TEST_SCRATCH + 8 },
	{ DEVICE_CONFIG, DEVICE_CONFIG + 0x40 },
};

#define SNAPSHOT_LEN (0x40 + 8 + 0x40)

FIXTURE(differential)
{
	struct function f;
	struct ring r;
	bool open;
	char pci[64];
};

SUBMISSION_VARIANTS(differential);

static int set_driver(const char *pci, const char *driver)
{
	char path[256], link[256];
	ssize_t len;
	int ret;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver/unbind", pci);
	file_write(path, pci);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override", pci);
	ret = file_write(path, driver);
	if (ret)
		return ret;
	ret = file_write("/sys/bus/pci/drivers_probe", pci);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", pci);
	len = readlink(path, link, sizeof(link) - 1);
	if (len < 0)
		return -errno;
	link[len] = 0;
	return strcmp(strrchr(link, '/') + 1, driver) ? -ENODEV : 0;
}

static void open_ring(struct __test_metadata *_metadata, struct _test_data_differential *self)
{
	function_open_bound(_metadata, &self->f);
	ring_open(_metadata, self->f.fd, &self->r, 64, 64, TEST_PAGE);
	self->open = true;
}

static void close_ring(struct _test_data_differential *self)
{
	if (!self->open)
		return;
	ring_close(&self->r);
	function_close(&self->f);
	self->open = false;
}

FIXTURE_SETUP(differential)
{
	char path[256], link[256];
	ssize_t len;

	ring_submission = variant->submission;
	open_ring(_metadata, self);
	if (is_simulated(&self->f))
		SKIP(return, "a simulated function has no other driver to compare with");
	if (ring_run(_metadata, &self->r, sqe_load(ZPCIFD_AS_CONFIG, 0, 2)).data != 0xf41a)
		SKIP(return, "knows the registers of virtio functions only");

	snprintf(path, sizeof(path), "/sys/class/zpcifd/%s/device", function_name(&self->f));
	len = readlink(path, link, sizeof(link) - 1);
	ASSERT_LT(0, len);
	link[len] = 0;
	snprintf(self->pci, sizeof(self->pci), "%s", strrchr(link, '/') + 1);
}

FIXTURE_TEARDOWN(differential)
{
	close_ring(self);
	EXPECT_EQ(0, set_driver(self->pci, "zpcifd"));
	open_ring(_metadata, self);
	expect_works(_metadata, self->f.fd);
	close_ring(self);
}

/* The bytes of a register in the order of the function's address space */
static void to_bytes(__u64 value, unsigned int len, __u8 *bytes)
{
	while (len--) {
		bytes[len] = value;
		value >>= 8;
	}
}

static __u64 from_bytes(const __u8 *bytes, unsigned int len)
{
	__u64 value = 0;

	while (len--)
		value = value << 8 | *bytes++;
	return value;
}

struct vfio {
	int fd;
	int iommufd;
	__u64 bar;
	__u64 config;
};

static void vfio_open(struct __test_metadata *_metadata, struct vfio *vfio, const char *pci)
{
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind) };
	struct vfio_region_info info = { .argsz = sizeof(info) };
	/* Memory space enabled; config space is little-endian */
	const __u8 command[] = { 0x02, 0x00 };
	struct dirent *entry;
	char path[512];
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev", pci);
	dir = opendir(path);
	ASSERT_NE(NULL, dir);
	while ((entry = readdir(dir)) && strncmp(entry->d_name, "vfio", 4))
		;
	ASSERT_NE(NULL, entry);
	snprintf(path, sizeof(path), "/dev/vfio/devices/%s", entry->d_name);
	closedir(dir);

	vfio->fd = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, vfio->fd);
	vfio->iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, vfio->iommufd);
	bind.iommufd = vfio->iommufd;
	ASSERT_EQ(0, call(vfio->fd, VFIO_DEVICE_BIND_IOMMUFD, &bind));
	info.index = VFIO_PCI_BAR4_REGION_INDEX;
	ASSERT_EQ(0, call(vfio->fd, VFIO_DEVICE_GET_REGION_INFO, &info));
	vfio->bar = info.offset;
	info.index = VFIO_PCI_CONFIG_REGION_INDEX;
	ASSERT_EQ(0, call(vfio->fd, VFIO_DEVICE_GET_REGION_INFO, &info));
	vfio->config = info.offset;
	ASSERT_EQ(2, pwrite(vfio->fd, command, 2, vfio->config + 4));
}

static void vfio_close(struct vfio *vfio)
{
	close(vfio->fd);
	close(vfio->iommufd);
}

/* s390_pci_mmio_write(), which stores blocks by PCISTB */
static int mmio_write(void *to, const void *from, size_t len)
{
#ifdef __NR_s390_pci_mmio_write
	return syscall(__NR_s390_pci_mmio_write, to, from, len) ? -errno : 0;
#else
	(void)to, (void)from, (void)len;
	return -EOPNOTSUPP;
#endif
}

/*
 * QEMU executes PCILG of 3, 5 and 7 bytes as one of 1 byte, and of 6 bytes as
 * one of 2; one that is not aligned to that meets a program check. A machine
 * would load all the bytes.
 */
static unsigned int length_in_qemu(unsigned int len)
{
	return len & -len;
}

TEST_F(differential, every_legal_load_gives_what_vfio_pci_reads)
{
	struct zpcifd_cqe cqes[ARRAY_LEN(ranges)][0x40][9];
	unsigned int i, off, len, n, nonzero = 0, checked = 0;
	struct zpcifd_cqe *cqe;
	struct vfio vfio;
	__u8 bytes[8], expected[8];

	for (i = 0; i < ARRAY_LEN(ranges); i++)
		for (off = 0; off < ranges[i].end - ranges[i].start; off++)
			for (len = 1; len <= 8 - off % 8; len++)
				cqes[i][off][len] =
					ring_run(_metadata, &self->r,
						 sqe_load(VIRTIO_BAR, ranges[i].start + off, len));
	close_ring(self);
	ASSERT_EQ(0, set_driver(self->pci, "vfio-pci"));
	vfio_open(_metadata, &vfio, self->pci);

	for (i = 0; i < ARRAY_LEN(ranges); i++) {
		for (off = 0; off < ranges[i].end - ranges[i].start; off++) {
			for (len = 1; len <= 8 - off % 8; len++) {
				cqe = &cqes[i][off][len];
				EXPECT_NE(0, cqe->flags & ZPCIFD_CQE_ISSUED);
				n = length_in_qemu(len);
				if (off % n) {
					EXPECT_EQ(-ENXIO, cqe->res);
					EXPECT_EQ(ZPCIFD_CQE_ISSUED | ZPCIFD_CQE_PGM_CHECK,
						  cqe->flags);
					continue;
				}
				ASSERT_EQ(n, pread(vfio.fd, expected, n,
						   vfio.bar + ranges[i].start + off));
				to_bytes(cqe->data, n, bytes);
				EXPECT_EQ(0, cqe->res);
				EXPECT_EQ(0, memcmp(expected, bytes, n)) {
					TH_LOG("offset %#x len %u: %#llx by ring, %#llx by vfio",
					       ranges[i].start + off, len, (long long)cqe->data,
					       (long long)from_bytes(expected, n));
				}
				nonzero += !!cqe->data;
				checked++;
			}
		}
	}
	vfio_close(&vfio);
	/* Zeros alone would prove nothing */
	EXPECT_LT(20, nonzero);
	TH_LOG("%u loads compared, %u of them not zero", checked, nonzero);
}

TEST_F(differential, config_space_is_what_vfio_pci_reads_where_it_shows_the_real_one)
{
	/* Not the command register, BARs, interrupt and MSI-X control */
	const __u32 parts[][2] = { { 0x00, 0x04 }, { 0x08, 0x0c }, { 0x2c, 0x35 } };
	struct zpcifd_cqe cqe;
	__u8 ring_bytes[0x100], vfio_bytes[0x100];
	struct vfio vfio;
	unsigned int i, len;

	for (len = 1; len <= 4; len *= 2) {
		memset(ring_bytes, 0, sizeof(ring_bytes));
		for (i = 0; i < 0x100; i += len) {
			cqe = ring_run(_metadata, &self->r, sqe_load(ZPCIFD_AS_CONFIG, i, len));
			ASSERT_EQ(0, cqe.res);
			to_bytes(cqe.data, len, ring_bytes + i);
		}
		close_ring(self);
		ASSERT_EQ(0, set_driver(self->pci, "vfio-pci"));
		vfio_open(_metadata, &vfio, self->pci);
		for (i = 0; i < 0x100; i += 4)
			ASSERT_EQ(4, pread(vfio.fd, vfio_bytes + i, 4, vfio.config + i));
		vfio_close(&vfio);
		ASSERT_EQ(0, set_driver(self->pci, "zpcifd"));
		open_ring(_metadata, self);
		for (i = 0; i < ARRAY_LEN(parts); i++) {
			EXPECT_EQ(0, memcmp(ring_bytes + parts[i][0], vfio_bytes + parts[i][0],
					    parts[i][1] - parts[i][0])) {
				TH_LOG("part at %#x, len %u", parts[i][0], len);
			}
		}
	}
}

/* All registers, by a batch of loads of 4 bytes */
static void snapshot(struct __test_metadata *_metadata, struct _test_data_differential *self,
		     __u8 *bytes)
{
	unsigned int i, off, num = 0;
	struct zpcifd_cqe cqe;

	for (i = 0; i < ARRAY_LEN(ranges); i++) {
		for (off = ranges[i].start; off < ranges[i].end; off += 4, num++)
			ring_push(&self->r, sqe_load(VIRTIO_BAR, off, 4));
	}
	ASSERT_EQ(num, ring_enter(&self->r, num));
	while (num--) {
		ASSERT_TRUE(ring_pop(&self->r, &cqe));
		ASSERT_EQ(0, cqe.res);
		to_bytes(cqe.data, 4, bytes);
		bytes += 4;
	}
}

/* Back to where a virtio function starts, but for what it keeps over a reset */
static void reset(struct __test_metadata *_metadata, struct _test_data_differential *self)
{
	struct zpcifd_cqe cqe;

	cqe = ring_run(_metadata, &self->r, sqe_store(VIRTIO_BAR, DEVICE_STATUS, 1, 0));
	ASSERT_EQ(0, cqe.res);
	/* Write cache on, as it is at first */
	cqe = ring_run(_metadata, &self->r, sqe_store(VIRTIO_BAR, DEVICE_CONFIG + 0x20, 1, 1));
	ASSERT_EQ(0, cqe.res);
}

/*
 * No byte of what queue addresses get is like its neighbours, and what wce of
 * the device configuration gets is 0: off
 */
static void fill_payload(struct _test_data_differential *self)
{
	unsigned int i;

	for (i = 0; i < TEST_PAGE; i++)
		self->r.data[i] = i / 8 == 4 ? 0 : i * 2 + 2;
}

/*
 * QEMU on a little-endian host takes each 8 bytes of a PCISTB to a
 * little-endian register in the reverse order, other than those of a PCISTG. So
 * it does for the kernel's own PCISTB, as the next test shows.
 */
static bool reverses_blocks(struct __test_metadata *_metadata,
			    struct _test_data_differential *self)
{
	struct zpcifd_cqe cqe;

	cqe = ring_run(_metadata, &self->r, sqe_block(VIRTIO_BAR, QUEUE_DESC, 16, 0));
	EXPECT_EQ(0, cqe.res);
	cqe = ring_run(_metadata, &self->r, sqe_load(VIRTIO_BAR, QUEUE_DESC, 8));
	EXPECT_EQ(0, cqe.res);
	reset(_metadata, self);
	return cqe.data == __builtin_bswap64(from_bytes(self->r.data, 8));
}

TEST_F(differential, PCISTB_of_every_legal_length_arrives_as_PCISTG_of_the_same_bytes)
{
	const __u32 offsets[] = { QUEUE_DESC, QUEUE_DESC + 8, DEVICE_CONFIG, DEVICE_CONFIG + 0x20 };
	__u8 before[SNAPSHOT_LEN], again[SNAPSHOT_LEN];
	__u8 block[SNAPSHOT_LEN], stores[SNAPSHOT_LEN];
	unsigned int i, len, off, changed = 0;
	struct zpcifd_cqe cqe;
	bool reverse;
	__u64 value;

	fill_payload(self);
	reverse = reverses_blocks(_metadata, self);
	TH_LOG("the platform takes each 8 bytes of a PCISTB in %s order",
	       reverse ? "the reverse" : "their");
	snapshot(_metadata, self, before);

	for (i = 0; i < ARRAY_LEN(offsets); i++) {
		for (len = 16; len <= self->f.info.out_maxstbl; len += 8) {
			cqe = ring_run(_metadata, &self->r,
				       sqe_block(VIRTIO_BAR, offsets[i], len, 0));
			EXPECT_EQ(0, cqe.res);
			snapshot(_metadata, self, block);
			reset(_metadata, self);
			snapshot(_metadata, self, again);
			ASSERT_EQ(0, memcmp(before, again, SNAPSHOT_LEN));

			for (off = 0; off < len; off += 8) {
				value = from_bytes(self->r.data + off, 8);
				if (reverse)
					value = __builtin_bswap64(value);
				ring_push(&self->r, sqe_store(VIRTIO_BAR, offsets[i] + off, 8,
							      value));
			}
			ASSERT_EQ(len / 8, ring_enter(&self->r, len / 8));
			while (ring_pop(&self->r, &cqe))
				EXPECT_EQ(0, cqe.res);
			snapshot(_metadata, self, stores);
			reset(_metadata, self);
			EXPECT_EQ(0, memcmp(stores, block, SNAPSHOT_LEN)) {
				TH_LOG("PCISTB of %u at %#x", len, offsets[i]);
			}
			/* Queue addresses, or the write cache that goes off */
			EXPECT_EQ(offsets[i] < DEVICE_CONFIG ||
				  (offsets[i] == DEVICE_CONFIG && len > 0x20),
				  !!memcmp(before, block, SNAPSHOT_LEN)) {
				TH_LOG("PCISTB of %u at %#x", len, offsets[i]);
			}
			changed += !!memcmp(before, block, SNAPSHOT_LEN);
		}
	}
	EXPECT_LT(20, changed);
}

/* The registers that PCISTB changes, by vfio-pci */
static void vfio_snapshot(struct __test_metadata *_metadata, const struct vfio *vfio,
			  __u8 *bytes)
{
	unsigned int i, off;

	for (i = 0; i < ARRAY_LEN(ranges); i++) {
		for (off = ranges[i].start; off < ranges[i].end; off += 4, bytes += 4)
			ASSERT_EQ(4, pread(vfio->fd, bytes, 4, vfio->bar + off));
	}
}

TEST_F(differential, PCISTB_of_every_legal_length_arrives_as_the_kernel_s_own)
{
	const unsigned int size = self->f.info.out_bar_size[VIRTIO_BAR];
	const unsigned int max = self->f.info.out_maxstbl;
	__u8 block[TEST_PAGE / 8][SNAPSHOT_LEN], bytes[SNAPSHOT_LEN], payload[TEST_PAGE];
	const __u8 zero = 0;
	struct zpcifd_cqe cqe;
	struct vfio vfio;
	unsigned int len;
	void *map;

	fill_payload(self);
	memcpy(payload, self->r.data, sizeof(payload));
	for (len = 16; len <= max; len += 8) {
		cqe = ring_run(_metadata, &self->r, sqe_block(VIRTIO_BAR, QUEUE_DESC, len, 0));
		EXPECT_EQ(0, cqe.res);
		snapshot(_metadata, self, block[len / 8]);
		reset(_metadata, self);
	}
	close_ring(self);
	ASSERT_EQ(0, set_driver(self->pci, "vfio-pci"));
	vfio_open(_metadata, &vfio, self->pci);
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vfio.fd, vfio.bar);
	if (map == MAP_FAILED) {
		vfio_close(&vfio);
		SKIP(return, "this kernel's vfio-pci does not map BARs on this architecture");
	}
	for (len = 16; len <= max; len += 8) {
		ASSERT_EQ(0, mmio_write(map + QUEUE_DESC, payload, len));
		vfio_snapshot(_metadata, &vfio, bytes);
		EXPECT_EQ(0, memcmp(block[len / 8], bytes, SNAPSHOT_LEN)) {
			TH_LOG("PCISTB of %u", len);
		}
		ASSERT_EQ(1, pwrite(vfio.fd, &zero, 1, vfio.bar + DEVICE_STATUS));
	}
	munmap(map, size);
	vfio_close(&vfio);
}

TEST_HARNESS_MAIN
