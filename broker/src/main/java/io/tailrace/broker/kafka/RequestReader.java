package io.tailrace.broker.kafka;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.protocol.Readable;
import org.apache.kafka.common.record.internal.MemoryRecords;

/**
 * Reads Kafka's messages from a frame, and notes where records stand in it. Texts, bytes and
 * records take no more memory than they have bytes; everything else becomes objects that are some
 * dozen times larger, so that only so many bytes of it are read. Throws {@link
 * InvalidRequestException} for what is not whole. Confined to one call.
 */
final class RequestReader implements Readable {
  /** As the native protocol allows for the body of a request. */
  private static final int MAX_STRUCTURE_BYTES = 1 << 20;

  private static final int MAX_VARINT_BITS = 28;
  private static final int MAX_VARLONG_BITS = 63;

  private final ByteBuf in;
  private final List<Integer> recordPositions = new ArrayList<>();
  private int structureBytes;

  /**
   * @param in read from its reader index on
   */
  RequestReader(ByteBuf in) {
    this.in = in;
  }

  /** Where the records that were read begin, as indexes of the buffer, in the order of reading. */
  List<Integer> recordPositions() {
    return recordPositions;
  }

  private void take(int bytes) {
    structureBytes += bytes;
    if (structureBytes > MAX_STRUCTURE_BYTES) {
      throw new InvalidRequestException(
          "a request of more than "
              + MAX_STRUCTURE_BYTES
              + " bytes besides its texts and records; ask for fewer things at a time");
    }
    if (bytes > in.readableBytes()) {
      throw new InvalidRequestException("the request ends too early");
    }
  }

  private void checkLength(int length) {
    if (length < 0 || length > in.readableBytes()) {
      throw new InvalidRequestException(
          "a length of " + length + " bytes where " + in.readableBytes() + " are left");
    }
  }

  @Override
  public byte readByte() {
    take(Byte.BYTES);
    return in.readByte();
  }

  @Override
  public short readShort() {
    take(Short.BYTES);
    return in.readShort();
  }

  @Override
  public int readInt() {
    take(Integer.BYTES);
    return in.readInt();
  }

  @Override
  public long readLong() {
    take(Long.BYTES);
    return in.readLong();
  }

  @Override
  public double readDouble() {
    take(Double.BYTES);
    return in.readDouble();
  }

  @Override
  public byte[] readArray(int length) {
    checkLength(length);
    byte[] bytes = new byte[length];
    in.readBytes(bytes);
    return bytes;
  }

  @Override
  public ByteBuffer readByteBuffer(int length) {
    return ByteBuffer.wrap(readArray(length));
  }

  /** Does not copy: the result lives as long as the frame. */
  @Override
  public MemoryRecords readRecords(int length) {
    if (length < 0) {
      return null;
    }
    checkLength(length);
    recordPositions.add(in.readerIndex());
    ByteBuffer records = in.nioBuffer(in.readerIndex(), length);
    in.skipBytes(length);
    return MemoryRecords.readableRecords(records);
  }

  @Override
  public int readUnsignedVarint() {
    int value = 0;
    for (int shift = 0; shift <= MAX_VARINT_BITS; shift += 7) {
      byte next = readByte();
      value |= (next & 0x7f) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw new InvalidRequestException("a number has more than 32 bits");
  }

  @Override
  public int readVarint() {
    int zigzag = readUnsignedVarint();
    return (zigzag >>> 1) ^ -(zigzag & 1);
  }

  @Override
  public long readVarlong() {
    long zigzag = 0;
    for (int shift = 0; shift <= MAX_VARLONG_BITS; shift += 7) {
      byte next = readByte();
      zigzag |= (long) (next & 0x7f) << shift;
      if (next >= 0) {
        return (zigzag >>> 1) ^ -(zigzag & 1);
      }
    }
    throw new InvalidRequestException("a number has more than 64 bits");
  }

  /** Bounds the arrays that a message reserves before it reads them. */
  @Override
  public int remaining() {
    return Math.min(in.readableBytes(), MAX_STRUCTURE_BYTES - structureBytes);
  }

  @Override
  public Readable slice() {
    RequestReader rest = new RequestReader(in.slice());
    rest.structureBytes = structureBytes;
    return rest;
  }
}
