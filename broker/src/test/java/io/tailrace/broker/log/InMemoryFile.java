package io.tailrace.broker.log;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.TreeSet;
import java.util.random.RandomGenerator;

/**
 * A file of an {@link InMemoryDisk}: its bytes in the page cache, and those on the device. Reads
 * see the page cache. A write makes sectors dirty; a {@link Writeback} brings the sectors that were
 * dirty when it began to the device; when it fails they count as clean although the device does not
 * have them, as Linux does it. Guarded by its disk.
 */
final class InMemoryFile {
  /** The unit that is written as a whole or not at all. Small, so that small batches tear. */
  static final int SECTOR_BYTES = 64;

  final long createdMs;
  long lastAppendMs;
  private final BitSet dirty = new BitSet();
  private final List<Writeback> underWay = new ArrayList<>();

  /** Where batches begin that the device has damaged; they are no torn ends of writes. */
  private final TreeSet<Integer> damaged = new TreeSet<>();

  private byte[] cached = new byte[256];
  private int length;
  private byte[] device = {};

  InMemoryFile(long createdMs) {
    this.createdMs = createdMs;
    this.lastAppendMs = createdMs;
  }

  /** A sync of the file that has begun: what was dirty then. */
  static final class Writeback {
    private final int[] sectors;
    private final byte[][] contents;
    private final int length;

    private Writeback(int[] sectors, byte[][] contents, int length) {
      this.sectors = sectors;
      this.contents = contents;
      this.length = length;
    }
  }

  int length() {
    return length;
  }

  /** Whether all of it has reached the device. */
  boolean isOnDevice() {
    return Arrays.equals(cached, 0, length, device, 0, device.length);
  }

  byte[] read(int position, int count) {
    return Arrays.copyOfRange(cached, position, position + count);
  }

  /** The device changes a bit of a batch behind its header, and the page cache gets that. */
  void flipBit(int batchAt, int headerBytes, int sizeInBytes, RandomGenerator random) {
    damaged.add(batchAt);
    int position = batchAt + headerBytes + random.nextInt(sizeInBytes - headerBytes);
    byte bit = (byte) (1 << random.nextInt(8));
    cached[position] ^= bit;
    if (position < device.length) {
      device[position] ^= bit;
    }
  }

  boolean isDamagedAt(int batchAt) {
    return damaged.contains(batchAt);
  }

  /** Writes to the page cache, at most right behind the end. */
  void write(int position, byte[] bytes) {
    damaged.tailSet(position).clear();
    int end = position + bytes.length;
    if (end > cached.length) {
      cached = Arrays.copyOf(cached, Math.max(end, 2 * cached.length));
    }
    System.arraycopy(bytes, 0, cached, position, bytes.length);
    length = Math.max(length, end);
    dirty.set(position / SECTOR_BYTES, (end + SECTOR_BYTES - 1) / SECTOR_BYTES);
  }

  /** Writes what is there again, so that the next sync brings it to the device. */
  void rewrite() {
    dirty.set(0, (length + SECTOR_BYTES - 1) / SECTOR_BYTES);
  }

  void truncate(int newLength) {
    abandonWritebacks(); // they would bring back what is cut off
    Arrays.fill(cached, newLength, length, (byte) 0);
    length = newLength;
    damaged.tailSet(newLength).clear();
    dirty.clear((newLength + SECTOR_BYTES - 1) / SECTOR_BYTES, Integer.MAX_VALUE);
  }

  Writeback beginWriteback() {
    int[] sectors = dirty.stream().toArray();
    byte[][] contents = new byte[sectors.length][];
    for (int i = 0; i < sectors.length; i++) {
      int from = sectors[i] * SECTOR_BYTES;
      contents[i] = Arrays.copyOfRange(cached, from, Math.min(length, from + SECTOR_BYTES));
    }
    dirty.clear();
    Writeback writeback = new Writeback(sectors, contents, length);
    underWay.add(writeback);
    return writeback;
  }

  void complete(Writeback writeback) {
    if (underWay.remove(writeback)) {
      for (int i = 0; i < writeback.sectors.length; i++) {
        toDevice(writeback.sectors[i], writeback.contents[i]);
      }
      device = Arrays.copyOf(device, writeback.length);
    }
  }

  /** The device refused: the sectors stay as they were there, and nothing writes them again. */
  void fail(Writeback writeback) {
    underWay.remove(writeback);
  }

  /** The process that began syncs is dead; the kernel writes those sectors at some other time. */
  void abandonWritebacks() {
    for (Writeback writeback : underWay) {
      for (int sector : writeback.sectors) {
        if (sector * SECTOR_BYTES < length) {
          dirty.set(sector);
        }
      }
    }
    underWay.clear();
  }

  /** Any of the dirty sectors have reached the device, and the file's length may have. */
  void losePower(RandomGenerator random) {
    abandonWritebacks();
    int shorter = Math.min(length, device.length);
    int longer = Math.max(length, device.length);
    int newLength =
        switch (random.nextInt(4)) {
          case 0 -> device.length;
          case 1 -> length;
          default -> shorter + random.nextInt(longer - shorter + 1);
        };
    int kept = random.nextInt(5); // none, few, some, most or all
    for (int sector = dirty.nextSetBit(0); sector >= 0; sector = dirty.nextSetBit(sector + 1)) {
      int from = sector * SECTOR_BYTES;
      if (random.nextInt(4) < kept) {
        toDevice(sector, Arrays.copyOfRange(cached, from, Math.min(length, from + SECTOR_BYTES)));
      }
    }
    device = Arrays.copyOf(device, newLength);
    dirty.clear();
    cached = Arrays.copyOf(device, Math.max(256, newLength));
    length = newLength;
    damaged.tailSet(newLength).clear();
  }

  private void toDevice(int sector, byte[] content) {
    int from = sector * SECTOR_BYTES;
    if (device.length < from + content.length) {
      device = Arrays.copyOf(device, from + content.length);
    }
    System.arraycopy(content, 0, device, from, content.length);
  }
}
