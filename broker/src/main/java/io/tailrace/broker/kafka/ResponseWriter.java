package io.tailrace.broker.kafka;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageSizeAccumulator;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.Writable;
import org.apache.kafka.common.record.internal.BaseRecords;

/**
 * Writes one response as a frame: buffers to send one after another, of which those with records
 * are the ones that were read from the log. Confined to one call.
 *
 * <pre>
 *   | length | response header | body ... | record batches | ... body |
 *     u32
 * </pre>
 */
final class ResponseWriter implements Writable {
  private final ByteBuf out;
  private final List<ByteBuf> parts = new ArrayList<>();
  private int written;

  private ResponseWriter(ByteBuf out) {
    this.out = out;
  }

  /**
   * Encodes a response; the parts refer to the records in it and are released on their own.
   *
   * @param headerVersion of the response header
   * @param version of the api
   */
  static List<ByteBuf> encode(
      ByteBufAllocator allocator,
      int correlationId,
      short headerVersion,
      ApiMessage body,
      short version) {
    ObjectSerializationCache cache = new ObjectSerializationCache();
    ResponseHeaderData header = new ResponseHeaderData().setCorrelationId(correlationId);
    MessageSizeAccumulator size = new MessageSizeAccumulator();
    header.addSize(size, cache, headerVersion);
    body.addSize(size, cache, version);
    ByteBuf out = allocator.ioBuffer(Integer.BYTES + size.sizeExcludingZeroCopy());
    ResponseWriter writer = new ResponseWriter(out);
    try {
      writer.writeInt(size.totalSize());
      write(writer, header, cache, headerVersion);
      write(writer, body, cache, version);
      writer.cut();
      return writer.parts;
    } catch (Throwable e) {
      writer.parts.forEach(ByteBuf::release);
      throw e;
    } finally {
      out.release();
    }
  }

  private static void write(
      ResponseWriter writer, Message message, ObjectSerializationCache cache, short version) {
    message.write(writer, cache, version);
  }

  /** Ends a part: what was written since the last one. */
  private void cut() {
    int end = out.writerIndex();
    if (end > written) {
      parts.add(out.retainedSlice(written, end - written));
      written = end;
    }
  }

  @Override
  public void writeRecords(BaseRecords records) {
    if (records instanceof StoredRecords stored) {
      if (stored.bytes().isReadable()) {
        cut();
        parts.add(stored.bytes().retain());
      }
    } else if (records.sizeInBytes() > 0) {
      throw new IllegalArgumentException("not records of this broker's log: " + records);
    }
  }

  @Override
  public void writeByte(byte value) {
    out.writeByte(value);
  }

  @Override
  public void writeShort(short value) {
    out.writeShort(value);
  }

  @Override
  public void writeInt(int value) {
    out.writeInt(value);
  }

  @Override
  public void writeLong(long value) {
    out.writeLong(value);
  }

  @Override
  public void writeDouble(double value) {
    out.writeDouble(value);
  }

  @Override
  public void writeByteArray(byte[] value) {
    out.writeBytes(value);
  }

  @Override
  public void writeByteBuffer(ByteBuffer value) {
    out.writeBytes(value.duplicate());
  }

  @Override
  public void writeUnsignedVarint(int value) {
    int rest = value;
    while ((rest & ~0x7f) != 0) {
      out.writeByte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    out.writeByte(rest);
  }

  @Override
  public void writeVarint(int value) {
    writeUnsignedVarint((value << 1) ^ (value >> 31));
  }

  @Override
  public void writeVarlong(long value) {
    long rest = (value << 1) ^ (value >> 63);
    while ((rest & ~0x7fL) != 0) {
      out.writeByte((int) (rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    out.writeByte((int) rest);
  }
}
