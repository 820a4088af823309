package io.tailrace.protocol.frame;

import static io.tailrace.protocol.frame.CountedBuffers.drain;
import static io.tailrace.protocol.frame.CountedBuffers.ints;
import static io.tailrace.protocol.frame.CountedBuffers.join;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator.ExtendedHandle;
import io.netty.channel.embedded.EmbeddedChannel;
import io.tailrace.protocol.error.ErrorCode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FrameDecoderTest {
  private static final int MAX_FRAME_BYTES = 1000;
  private static final int LARGE = 256 * 1024;

  private final CountedBuffers buffers = new CountedBuffers();
  private final FrameDecoder decoder = new FrameDecoder(MAX_FRAME_BYTES);
  private EmbeddedChannel channel;

  @BeforeEach
  void open() {
    channel = buffers.channel(decoder);
  }

  @AfterEach
  void closeAndCountBuffers() {
    channel.finishAndReleaseAll();
    buffers.assertAllReleased();
  }

  @Test
  void cutsAStreamOfFrames() {
    buffers.send(channel, join(frame(2), frame(10), frame(MAX_FRAME_BYTES), frame(3)));

    assertArrayEquals(content(2), nextFrame());
    assertArrayEquals(content(10), nextFrame());
    assertArrayEquals(content(MAX_FRAME_BYTES), nextFrame());
    assertArrayEquals(content(3), nextFrame());
    assertNull(channel.readInbound());
    assertFalse(decoder.midFrame());
  }

  @Test
  void waitsForFramesThatArriveByteByByte() {
    byte[] stream = join(frame(5), frame(2));
    for (int i = 0; i < stream.length; i++) {
      buffers.send(channel, new byte[] {stream[i]});
      assertEquals(i != 8 && i != stream.length - 1, decoder.midFrame(), "after byte " + i);
    }
    assertArrayEquals(content(5), nextFrame());
    assertArrayEquals(content(2), nextFrame());
  }

  @Test
  void givesBackWhatArrivedOfAFrameWhenTheConnectionCloses() {
    buffers.send(channel, join(frame(5), new byte[] {0, 0, 0, 9, 1, 2}));
    assertArrayEquals(content(5), nextFrame());
    assertTrue(decoder.midFrame());

    channel.finish();

    assertNull(channel.readInbound());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, -1, Integer.MIN_VALUE, -1000})
  void refusesLengthsThatNoFrameHas(int length) {
    FrameException e =
        assertThrows(FrameException.class, () -> buffers.send(channel, ints(length)));
    assertEquals(ErrorCode.INVALID_REQUEST, e.code());
  }

  @ParameterizedTest
  @ValueSource(ints = {MAX_FRAME_BYTES + 1, 1 << 30, Integer.MAX_VALUE})
  void refusesLengthsAboveTheLimitBeforeReservingAnything(int length) {
    FrameException e =
        assertThrows(FrameException.class, () -> buffers.send(channel, ints(length)));
    assertEquals(ErrorCode.FRAME_TOO_LARGE, e.code());
    assertTrue(buffers.inUseBytes() < 100, buffers.inUseBytes() + " bytes in use");
  }

  @Test
  void reservesWhatArrivedAndNotWhatWasDeclared() {
    decoder.setMaxFrameBytes(Integer.MAX_VALUE);
    buffers.send(channel, join(ints(1 << 30), new byte[10]));
    assertTrue(buffers.inUseBytes() < 1000, buffers.inUseBytes() + " bytes in use");
  }

  @Test
  void aFrameAtTheLargestLengthDoesNotOverflow() {
    decoder.setMaxFrameBytes(Integer.MAX_VALUE);
    buffers.send(channel, join(ints(Integer.MAX_VALUE), new byte[10]));
    assertNull(channel.readInbound());
    assertTrue(decoder.midFrame());
  }

  @Test
  void tellsAnHttpClientThatThisIsNotItsPort() {
    byte[] request = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(US_ASCII);
    FrameException e = assertThrows(FrameException.class, () -> buffers.send(channel, request));
    assertEquals(ErrorCode.FRAME_TOO_LARGE, e.code());
    assertTrue(e.getMessage().contains("HTTP"), e.getMessage());
  }

  @Test
  void tellsATlsClientThatThisIsNotItsPort() {
    byte[] hello = join(new byte[] {0x16, 3, 1, 2, 0, 1, 0, 1, (byte) 0xfc}, new byte[200]);
    FrameException e = assertThrows(FrameException.class, () -> buffers.send(channel, hello));
    assertEquals(ErrorCode.FRAME_TOO_LARGE, e.code());
    assertTrue(e.getMessage().contains("TLS"), e.getMessage());
  }

  @Test
  void decodesNothingMoreAfterAnError() {
    assertThrows(
        FrameException.class, () -> buffers.send(channel, join(frame(4), ints(-5), frame(3))));

    buffers.send(channel, frame(6));

    assertArrayEquals(content(4), nextFrame());
    assertNull(channel.readInbound());
  }

  @Test
  void aLargerLimitHoldsFromTheNextFrameOn() {
    buffers.send(channel, frame(10));
    decoder.setMaxFrameBytes(5000);
    buffers.send(channel, frame(5000));
    assertArrayEquals(content(10), nextFrame());
    assertArrayEquals(content(5000), nextFrame());
  }

  @Test
  void readsTheRestOfAFrameStraightIntoIt() {
    decoder.setMaxFrameBytes(1 << 20);
    ExtendedHandle reads = reads(LARGE / 16);
    byte[] stream = join(frame(LARGE), frame(5), frame(LARGE));

    List<Integer> sizes = arrive(reads, stream);

    // What begins a frame is read with the usual size, the rest of it in one piece.
    assertEquals(LARGE / 16, sizes.get(0));
    assertEquals(LARGE + FrameDecoder.LENGTH_BYTES - LARGE / 16, sizes.get(1));
    assertEquals(4, sizes.size());
    assertArrayEquals(content(LARGE), nextFrame());
    assertArrayEquals(content(5), nextFrame());
    assertArrayEquals(content(LARGE), nextFrame());
  }

  @Test
  void readsLittleAtATimeStraightIntoAFrame() {
    decoder.setMaxFrameBytes(1 << 20);
    ExtendedHandle reads = reads(100);

    List<Integer> sizes = arrive(reads, frame(LARGE));

    assertTrue(sizes.size() < 12, "reads of " + sizes);
    assertArrayEquals(content(LARGE), nextFrame());
  }

  @Test
  void takesReadsThatBringNothing() {
    decoder.setMaxFrameBytes(1 << 20);
    buffers.send(channel, Arrays.copyOf(frame(LARGE), LARGE / 2));
    ExtendedHandle reads = reads(100);
    reads.allocate(channel.alloc()).release(); // as channels do when there was nothing to be read
    assertTrue(decoder.midFrame());

    buffers.send(channel, Arrays.copyOfRange(frame(LARGE), LARGE / 2, frame(LARGE).length));

    assertArrayEquals(content(LARGE), nextFrame());
  }

  private ExtendedHandle reads(int usualBytes) {
    return (ExtendedHandle) decoder.receiver(new FixedRecvByteBufAllocator(usualBytes)).newHandle();
  }

  /** Lets a stream arrive in reads as large as the handle wants them, and returns their sizes. */
  private List<Integer> arrive(ExtendedHandle reads, byte[] stream) {
    List<Integer> sizes = new ArrayList<>();
    reads.reset(channel.config());
    for (int at = 0; at < stream.length; ) {
      ByteBuf into = reads.allocate(buffers.allocator());
      int bytes = Math.min(into.writableBytes(), stream.length - at);
      into.writeBytes(stream, at, bytes);
      sizes.add(bytes);
      at += bytes;
      channel.writeInbound(into);
    }
    return sizes;
  }

  private byte[] nextFrame() {
    return drain(channel.readInbound());
  }

  private static byte[] frame(int length) {
    return join(ints(length), content(length));
  }

  private static byte[] content(int length) {
    byte[] content = new byte[length];
    for (int i = 0; i < length; i++) {
      content[i] = (byte) (i * 31 + length);
    }
    return content;
  }
}
