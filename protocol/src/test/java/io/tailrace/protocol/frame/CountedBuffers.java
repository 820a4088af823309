package io.tailrace.protocol.frame;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocatorMetric;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;

/** An allocator that knows what has not been given back, and channels that use it. */
final class CountedBuffers {
  private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);

  UnpooledByteBufAllocator allocator() {
    return allocator;
  }

  EmbeddedChannel channel(FrameDecoder decoder) {
    EmbeddedChannel channel = new EmbeddedChannel();
    channel.config().setAllocator(allocator);
    channel.pipeline().addLast(decoder);
    return channel;
  }

  ByteBuf copyOf(byte[] bytes) {
    return allocator.ioBuffer(bytes.length).writeBytes(bytes);
  }

  void send(EmbeddedChannel channel, byte[] bytes) {
    channel.writeInbound(copyOf(bytes));
  }

  long inUseBytes() {
    ByteBufAllocatorMetric metric = allocator.metric();
    return metric.usedDirectMemory() + metric.usedHeapMemory();
  }

  void assertAllReleased() {
    assertEquals(0, inUseBytes(), "bytes in buffers that nobody released");
  }

  static byte[] bytes(ByteBuf buffer) {
    byte[] bytes = new byte[buffer.readableBytes()];
    buffer.getBytes(buffer.readerIndex(), bytes);
    return bytes;
  }

  static byte[] drain(ByteBuf buffer) {
    byte[] bytes = bytes(buffer);
    buffer.release();
    return bytes;
  }

  static byte[] join(byte[]... parts) {
    ByteBuf joined = Unpooled.buffer();
    for (byte[] part : parts) {
      joined.writeBytes(part);
    }
    return bytes(joined);
  }

  static byte[] ints(int... numbers) {
    ByteBuf out = Unpooled.buffer();
    for (int number : numbers) {
      out.writeInt(number);
    }
    return bytes(out);
  }
}
