package io.tailrace.broker.log.chronicle;

import net.openhft.posix.MAdviseFlag;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the kernel from reading ahead in the part of a mapping that is yet to be written. There is
 * nothing to be read there: each miss would fill the read-ahead window of the device, megabytes on
 * some machines, with zeros that are then overwritten. What has been written is read as usual.
 * Confined to the log's owner.
 *
 * <p>It is advice: where the system does not take it, all else goes on.
 */
final class ReadAhead {
  private static final Logger LOG = LoggerFactory.getLogger(ReadAhead.class);

  /**
   * What was written is read as usual in steps of this size. Each call waits for whoever looks at
   * the file's mappings, as the kernel does while it writes them to the device.
   */
  private static final long STEP_BYTES = 64L << 20;

  /** A start as short as this is left out: one mapping stays one. */
  private static final long SHORT_BYTES = 256L << 10;

  private static final long PAGE_BYTES = 4_096;

  private final long address;
  private long offUntil;
  private boolean refused;

  /**
   * Turns reading ahead off behind the end of what was written.
   *
   * @param address where the mapping begins, a page's address
   * @param end what lies before has content
   * @param mappedBytes the size of the mapping
   */
  ReadAhead(long address, long end, long mappedBytes) {
    this.address = address;
    this.offUntil = end < SHORT_BYTES ? 0 : pageOf(end);
    advise(offUntil, pageOf(mappedBytes), MAdviseFlag.MADV_RANDOM);
  }

  private static long pageOf(long position) {
    return position / PAGE_BYTES * PAGE_BYTES;
  }

  /** Takes in that everything before the position has been written. */
  void onWritten(long position) {
    if (position - offUntil >= STEP_BYTES) {
      long until = pageOf(position);
      advise(offUntil, until, MAdviseFlag.MADV_NORMAL);
      offUntil = until;
    }
  }

  private void advise(long from, long to, MAdviseFlag advice) {
    if (refused || to <= from) {
      return;
    }
    try {
      refused = PosixLibrary.posix().madvise(address + from, to - from, advice) != 0;
    } catch (RuntimeException | LinkageError e) {
      refused = true;
      LOG.debug("the system takes no advice on mappings", e);
    }
  }
}
