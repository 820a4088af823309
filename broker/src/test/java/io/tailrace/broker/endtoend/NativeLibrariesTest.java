package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tailrace.broker.testkit.BrokerProcess;
import io.tailrace.broker.testkit.TestTopics;
import io.tailrace.client.Message;
import io.tailrace.client.Producer;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import io.tailrace.protocol.record.CompressionType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where the native parts of libraries go when the usual directory does not do. */
class NativeLibrariesTest {
  private static final int BAD_USAGE = 2;

  @TempDir Path directory;

  @Test
  void areUnpackedBelowTheDataDirectoryWhenThereIsNoDirectoryForTemporaryFiles() throws Exception {
    startsAndTakesRecords(directory.resolve("missing"));
  }

  @Test
  void areUnpackedBelowTheDataDirectoryWhenTheOneForTemporaryFilesIsMountedNoexec()
      throws Exception {
    Path mount = Files.createDirectory(directory.resolve("noexec"));
    mountNoexec(mount);
    try {
      startsAndTakesRecords(mount);
    } finally {
      run("umount", mount.toString());
    }
  }

  private void startsAndTakesRecords(Path temporary) throws Exception {
    Path leftByAKill = directory.resolve("data").resolve("tmp").resolve("libold.so");
    Files.createDirectories(leftByAKill.getParent());
    Files.createFile(leftByAKill);
    try (BrokerProcess broker = BrokerProcess.start(directory, Map.of(), withoutHome(temporary));
        TailraceClient client = TailraceClient.connect(broker.listener())) {
      assertTrue(Files.notExists(leftByAKill));
      TestTopics.create(client, Topic.named("records"));
      for (CompressionType type : CompressionType.values()) {
        try (Producer<String, String> producer =
            client
                .<String, String>producerBuilder(Serdes.string(), Serdes.string())
                .compression(type)
                .build()) {
          producer.send(Message.of("records", null, "value".repeat(100))).get(30, TimeUnit.SECONDS);
        }
      }
    }
  }

  @Test
  void areMissedAtTheStartWhenNeitherDirectoryDoes() throws IOException {
    Path data = Files.createDirectory(directory.resolve("data"));
    Path file = Files.createFile(data.resolve("tmp"));
    Path temporary = directory.resolve("missing");

    BrokerProcess.Ended ended = runWithout(temporary, data);

    assertEquals(BAD_USAGE, ended.exitCode(), ended.output());
    assertTrue(
        ended
            .output()
            .startsWith(
                "tailrace: java.io.tmpdir: native libraries can be executed neither from "
                    + temporary
                    + " nor from "
                    + file
                    + " (not writable, or mounted noexec); name a directory"),
        ended.output());
    assertEquals(1, ended.output().lines().count(), ended.output());
    try (var files = Files.list(data)) {
      assertEquals(List.of(file), files.toList());
    }
  }

  @Test
  void areMissedAtTheStartWithoutATraceWhenAllIsMountedNoexec() throws Exception {
    Path mount = Files.createDirectory(directory.resolve("noexec"));
    mountNoexec(mount);
    try {
      BrokerProcess.Ended ended = runWithout(mount, mount.resolve("data"));

      assertEquals(BAD_USAGE, ended.exitCode(), ended.output());
      assertTrue(ended.output().contains("mounted noexec"), ended.output());
      assertFalse(Files.exists(mount.resolve("data")));
    } finally {
      run("umount", mount.toString());
    }
  }

  private static BrokerProcess.Ended runWithout(Path temporary, Path data) {
    return BrokerProcess.runToEnd(
        withoutHome(temporary),
        "--set",
        "listener=127.0.0.1:0",
        "--set",
        "http.listener=127.0.0.1:0",
        "--set",
        "zookeeper.embedded.port=0",
        "--set",
        "data.dir=" + data);
  }

  /** Without a home, as for a user that is not in the user database. */
  private static List<String> withoutHome(Path temporary) {
    return List.of("-Djava.io.tmpdir=" + temporary, "-Duser.home=?");
  }

  private static void mountNoexec(Path path) throws Exception {
    assumeTrue(
        run("mount", "-t", "tmpfs", "-o", "noexec,size=16m", "none", path.toString()),
        "this user may not mount a file system");
  }

  private static boolean run(String... command) throws Exception {
    Process process;
    try {
      process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
    } catch (IOException e) {
      return false; // there is no such program
    }
    return process.waitFor() == 0;
  }
}
