package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.testkit.BrokerProcess;
import io.tailrace.broker.testkit.CommandLine;
import io.tailrace.broker.testkit.CommandLine.Outcome;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the command line does where stored records were damaged on the disk. */
class CorruptRecordsTest {
  private static final int RECORDS = 3_000;
  private static final int DAMAGED = 1_500;
  private static final Pattern SKIPPED =
      Pattern.compile(
          "tailrace: skipped the offsets (\\d+) to (\\d+) of t-0, which cannot be read");

  @TempDir Path directory;

  private BrokerProcess broker;
  private CommandLine tailrace;

  private static String value(int i) {
    return "record number " + (100_000 + i);
  }

  @BeforeEach
  void damageOneRecord() throws IOException {
    broker = BrokerProcess.start(directory, Map.of("log.segment.bytes", "1048576"));
    tailrace = new CommandLine(broker.listener(), directory.resolve("state"));
    tailrace.ok("topic", "create", "t", "--partitions", "1");
    tailrace.okWith(
        IntStream.range(0, RECORDS).mapToObj(i -> value(i) + "\n").collect(Collectors.joining()),
        "produce",
        "t",
        "--compression",
        "none");
    broker.stop();
    flipBit(value(DAMAGED).getBytes(StandardCharsets.UTF_8));
    broker.start();
    tailrace = new CommandLine(broker.listener(), directory.resolve("state"));
  }

  @AfterEach
  void stop() {
    broker.close();
  }

  private void flipBit(byte[] content) throws IOException {
    int found = 0;
    List<Path> files;
    try (Stream<Path> all = Files.walk(broker.dataDirectory().resolve("logs"))) {
      files = all.filter(Files::isRegularFile).toList();
    }
    for (Path file : files) {
      try (FileChannel channel =
          FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        int at = find(content, channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size()));
        if (at >= 0) {
          channel.write(ByteBuffer.wrap(new byte[] {(byte) (content[0] ^ 1)}), at);
          found++;
        }
      }
    }
    assertEquals(1, found, "files that hold the record");
  }

  private static int find(byte[] content, ByteBuffer in) {
    ByteBuffer sought = ByteBuffer.wrap(content);
    for (int at = 0; at <= in.limit() - content.length; at++) {
      if (in.get(at) == content[0] && in.slice(at, content.length).equals(sought)) {
        return at;
      }
    }
    return -1;
  }

  /** The offsets that were skipped, the second exclusive. */
  private static int[] skipped(Outcome outcome) {
    Matcher skipped = SKIPPED.matcher(outcome.err());
    assertTrue(skipped.find(), outcome.err());
    int from = Integer.parseInt(skipped.group(1));
    int to = Integer.parseInt(skipped.group(2)) + 1;
    assertTrue(from <= DAMAGED && DAMAGED < to && to < RECORDS, outcome.err());
    return new int[] {from, to};
  }

  private static List<String> valuesWithout(int[] skipped) {
    return IntStream.range(0, RECORDS)
        .filter(i -> i < skipped[0] || i >= skipped[1])
        .mapToObj(CorruptRecordsTest::value)
        .toList();
  }

  @Test
  void consumeEndsBeforeThemOrSkipsThem() {
    Outcome refused = tailrace.run(new byte[0], "consume", "t");
    assertEquals(1, refused.exitCode(), refused.err());
    assertTrue(refused.err().contains("reading can go on from offset "), refused.err());
    assertTrue(refused.err().contains("; --skip-corrupt goes on behind"), refused.err());

    Outcome outcome = tailrace.ok("consume", "t", "--skip-corrupt");

    int[] skipped = skipped(outcome);
    assertEquals(valuesWithout(skipped), outcome.lines());
    assertEquals(skipped[0], refused.lines().size());
  }

  @Test
  void replaySaysHowManyRecordsWereCopiedAndGoesOnBehindThem() {
    tailrace.ok("topic", "create", "copy", "--partitions", "1");

    Outcome refused =
        tailrace.run(new byte[0], "replay", "t", "--from", "earliest", "--into", "copy");
    assertEquals(1, refused.exitCode(), refused.err());
    int copied = tailrace.ok("consume", "copy").lines().size();
    String counted = String.format(Locale.ROOT, "%,d records", copied);
    String soFar = counted + " were copied, and the same command goes on from there";
    assertTrue(copied > 0 && refused.err().contains(soFar), copied + "\n" + refused.err());

    Outcome outcome =
        tailrace.ok("replay", "t", "--from", "earliest", "--into", "copy", "--skip-corrupt");

    assertTrue(outcome.err().contains("(" + counted + " copied)"), outcome.err());
    assertEquals(valuesWithout(skipped(outcome)), tailrace.ok("consume", "copy").lines());
  }
}
