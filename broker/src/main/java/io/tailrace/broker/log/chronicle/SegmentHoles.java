package io.tailrace.broker.log.chronicle;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;

/**
 * The stretches of a segment's file in which no batch can be read: found by a scan, or by a read
 * that met one. In the order of their positions; they do not touch each other. Confined to the
 * owner of the segment.
 */
final class SegmentHoles {
  private static final int HOLE_BYTES = 24;

  private final List<Hole> holes = new ArrayList<>();

  /**
   * A damaged stretch of the file.
   *
   * @param fromOffset the first offset whose record is lost
   * @param toOffset exclusive; equal to {@code fromOffset} when no record is
   * @param fromPosition where the stretch begins in the file
   * @param toPosition where the next batch is, or the content ends
   */
  record Hole(long fromOffset, long toOffset, int fromPosition, int toPosition) {
    boolean hasLostRecords() {
      return toOffset > fromOffset;
    }
  }

  boolean isEmpty() {
    return holes.isEmpty();
  }

  /** Whether records at or above an offset are lost. */
  boolean hasLostRecordsFrom(long offset) {
    for (Hole hole : holes) {
      if (hole.hasLostRecords() && hole.toOffset > offset) {
        return true;
      }
    }
    return false;
  }

  List<Hole> all() {
    return List.copyOf(holes);
  }

  /** The hole that begins at the position; null when there is none. */
  Hole at(int position) {
    for (Hole hole : holes) {
      if (hole.fromPosition == position) {
        return hole;
      }
    }
    return null;
  }

  void add(Hole hole) {
    int index = 0;
    while (index < holes.size() && holes.get(index).fromPosition < hole.fromPosition) {
      index++;
    }
    holes.add(index, hole);
  }

  /** Forgets holes at or behind the position. */
  void truncateTo(int position) {
    holes.removeIf(hole -> hole.fromPosition >= position);
  }

  /** A copy, for a view. */
  SegmentHoles frozen() {
    SegmentHoles frozen = new SegmentHoles();
    frozen.holes.addAll(holes);
    return frozen;
  }

  int encodedBytes() {
    return 4 + holes.size() * HOLE_BYTES;
  }

  void encode(ByteBuf out) {
    out.writeInt(holes.size());
    for (Hole hole : holes) {
      out.writeLong(hole.fromOffset).writeLong(hole.toOffset);
      out.writeInt(hole.fromPosition).writeInt(hole.toPosition);
    }
  }

  /** Reads what {@link #encode} wrote; the bytes are known to be sound. */
  static SegmentHoles decode(ByteBuf in) {
    SegmentHoles decoded = new SegmentHoles();
    for (int left = in.readInt(); left > 0; left--) {
      decoded.holes.add(new Hole(in.readLong(), in.readLong(), in.readInt(), in.readInt()));
    }
    return decoded;
  }
}
