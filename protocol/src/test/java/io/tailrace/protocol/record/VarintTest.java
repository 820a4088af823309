package io.tailrace.protocol.record;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.apache.kafka.common.utils.internals.ByteUtils;
import org.junit.jupiter.api.Test;

class VarintTest {

  @Test
  void intsAreWrittenAsKafkaWritesThem() {
    values()
        .forEach(
            value -> {
              int number = (int) value;
              ByteBuffer expected = ByteBuffer.allocate(20);
              ByteUtils.writeVarint(number, expected);
              ByteBuffer out = ByteBuffer.allocate(20);
              int end = Varint.write(out, 0, number);
              assertArrayEquals(expected.array(), out.array(), "" + number);
              assertEquals(end, Varint.sizeOf(number), "" + number);
            });
  }

  @Test
  void longsAreWrittenAsKafkaWritesThem() {
    values()
        .forEach(
            value -> {
              ByteBuffer expected = ByteBuffer.allocate(20);
              ByteUtils.writeVarlong(value, expected);
              ByteBuffer out = ByteBuffer.allocate(20);
              int end = Varint.write(out, 0, value);
              assertArrayEquals(expected.array(), out.array(), "" + value);
              assertEquals(end, Varint.sizeOf(value), "" + value);
            });
  }

  @Test
  void zigzagComesBack() {
    values()
        .forEach(
            value -> {
              assertEquals(value, Varint.unzigzag(Varint.zigzag(value)));
              assertEquals((int) value, Varint.unzigzag(Varint.zigzag((int) value)));
            });
  }

  /** Every boundary of a size in bytes, and noise of every magnitude. */
  private static LongStream values() {
    long[] edges = new long[64 * 6];
    for (int bits = 0; bits < 64; bits++) {
      long power = 1L << bits;
      long[] around = {power - 1, power, power + 1, -power - 1, -power, -power + 1};
      System.arraycopy(around, 0, edges, bits * 6, 6);
    }
    SplittableRandom random = new SplittableRandom(1);
    return LongStream.concat(
        Arrays.stream(edges),
        LongStream.generate(() -> random.nextLong() >> random.nextInt(64)).limit(20_000));
  }
}
