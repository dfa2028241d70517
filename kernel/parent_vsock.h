/* For the parent guest's kernel alone: vhost-device-vsock hands a packet of one guest to another as it is,
 * and drops it if it is larger than the receiver's buffer, which is 4 KiB in every kernel while packets are
 * up to 64 KiB. So the parent sends small packets and has large buffers; the enclave's kernel stays as it is
 * on a node. */
#include <linux/virtio_vsock.h>

#undef VIRTIO_VSOCK_DEFAULT_RX_BUF_SIZE
#define VIRTIO_VSOCK_DEFAULT_RX_BUF_SIZE (1024 * 66)
#undef VIRTIO_VSOCK_MAX_PKT_BUF_SIZE
#define VIRTIO_VSOCK_MAX_PKT_BUF_SIZE (1024 * 2)
