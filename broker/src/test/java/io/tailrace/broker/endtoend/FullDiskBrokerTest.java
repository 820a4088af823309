package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tailrace.broker.StartupException;
import io.tailrace.broker.testkit.HostileBatches;
import io.tailrace.broker.testkit.RawClient;
import io.tailrace.broker.testkit.TestCluster;
import io.tailrace.broker.testkit.TestTopics;
import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.Position;
import io.tailrace.client.Producer;
import io.tailrace.client.Replay;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.record.CompressionType;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A broker whose disk fills up while it runs. Needs the right to mount a small file system in
 * memory.
 */
class FullDiskBrokerTest {
  private static final int MIB = 1 << 20;
  private static final int DEVICE_MIB = 160;
  private static final int FLOOR_MIB = 8;
  private static final int VALUE_BYTES = 50_000;

  @TempDir Path directory;
  private Path device;
  private boolean mounted;

  @BeforeEach
  void mount() throws IOException, InterruptedException {
    device = Files.createDirectory(directory.resolve("device"));
    mounted =
        run("mount", "-t", "tmpfs", "-o", "size=" + DEVICE_MIB + "m", "tmpfs", device.toString());
    assumeTrue(mounted, "a full disk can only be had with the right to mount one: run as root");
  }

  @AfterEach
  void unmount() throws IOException, InterruptedException {
    if (mounted) {
      assertTrue(run("umount", device.toString()));
    }
  }

  private static boolean run(String... command) throws InterruptedException {
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return process.waitFor(30, TimeUnit.SECONDS) && process.exitValue() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void refusesRecordsServesReadsAndGoesOnWhenThereIsRoomAgain() throws IOException {
    Map<String, String> settings = Map.of("disk.free.floor.bytes", String.valueOf(FLOOR_MIB * MIB));
    try (TestCluster cluster = TestCluster.start(device, settings);
        TailraceClient client = cluster.client();
        Producer<String, String> producer =
            client
                .<String, String>producerBuilder(Serdes.string(), Serdes.string())
                .compression(CompressionType.NONE)
                .deliveryTimeout(Duration.ofSeconds(3))
                .build()) {
      TestTopics.create(client, Topic.named("orders").partitions(1));
      List<String> acknowledged = new ArrayList<>();
      produce(producer, acknowledged);
      Path filler = device.resolve("filler");
      fill(filler);

      CompletionException refused =
          assertThrows(
              CompletionException.class,
              () -> {
                for (int i = 0; i < 1_000; i++) {
                  produce(producer, acknowledged);
                }
              });

      assertTrue(refused.getMessage().contains("free some space"), refused.getMessage());
      try (RawClient raw = new RawClient(cluster.broker().address()).greet()) {
        ErrorCode code =
            raw.produce("orders", 0, HostileBatches.sound(CompressionType.NONE, 10 * VALUE_BYTES));
        assertEquals(ErrorCode.DISK_FULL, code);
        assertTrue(code.retriable());
      }
      assertEquals(acknowledged, readAll(client));
      Files.delete(filler);
      produce(producer, acknowledged);
      assertEquals(acknowledged, readAll(client));
    }
  }

  @Test
  void aRestartWithoutRoomNamesTheDisk() throws IOException {
    Map<String, String> settings = Map.of("disk.free.floor.bytes", String.valueOf(FLOOR_MIB * MIB));
    TestCluster.start(device, settings).close();
    Path filler = device.resolve("filler");
    for (int leftBytes : new int[] {0, MIB}) {
      try (FileChannel out =
          FileChannel.open(filler, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
        out.position(out.size());
        fillUp(out);
        out.truncate(out.size() - leftBytes);
      }
      StartupException refused =
          assertThrows(StartupException.class, () -> TestCluster.start(device, settings));
      String message = refused.getMessage();
      assertTrue(
          message.startsWith("data.dir: the disk of " + device.resolve("data") + " (tmpfs) has "),
          message);
      assertTrue(message.endsWith("free some space"), message);
    }
    Files.delete(filler);
    TestCluster.start(device, settings).close();
  }

  /** Writes until the device has no byte left. */
  private static void fillUp(FileChannel out) {
    ByteBuffer page = ByteBuffer.allocate(MIB);
    try {
      while (true) {
        page.clear();
        out.write(page);
      }
    } catch (IOException e) {
      assertTrue(e.getMessage().contains("No space left"), e.getMessage());
    }
  }

  private static void produce(Producer<String, String> producer, List<String> acknowledged) {
    String value = acknowledged.size() + "-" + "x".repeat(VALUE_BYTES);
    producer.send("orders", null, value).join();
    acknowledged.add(value);
  }

  /** Leaves less room than the broker's floor, but some for its small files. */
  private void fill(Path filler) throws IOException {
    byte[] chunk = new byte[MIB];
    try (OutputStream out = Files.newOutputStream(filler)) {
      while (Files.getFileStore(device).getUsableSpace() > (FLOOR_MIB - 2) * MIB) {
        out.write(chunk);
      }
    }
  }

  private static List<String> readAll(TailraceClient client) {
    List<String> values = new ArrayList<>();
    try (Replay<String, String> all =
        client
            .consumer(Serdes.string(), Serdes.string())
            .replay("orders", Position.earliest(), Position.latest())) {
      for (ConsumerRecord<String, String> record : all) {
        values.add(record.value());
      }
    }
    return values;
  }
}
