package io.tailrace.coordinator.zookeeper;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.apache.zookeeper.server.persistence.FileTxnSnapLog;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedZooKeeperTest {
  @TempDir private Path directory;

  @Test
  void namesItsDirectoryAndTheMendWhenItsLogIsDamaged() throws Exception {
    EmbeddedZooKeeper server = EmbeddedZooKeeper.start(directory, 0);
    try (PlainZooKeeperClient client = new PlainZooKeeperClient(server)) {
      client.create("/a", (byte) 1);
    }
    server.close();
    Path log;
    try (Stream<Path> files = Files.list(directory.resolve("version-2"))) {
      log =
          files
              .filter(file -> file.getFileName().toString().startsWith("log."))
              .findFirst()
              .orElseThrow();
    }
    Files.write(log, new byte[(int) Files.size(log)]);
    IOException refused =
        assertThrows(IOException.class, () -> EmbeddedZooKeeper.start(directory, 0).close());
    assertTrue(refused.getMessage().contains(log.toString()), refused.getMessage());
    assertTrue(refused.getMessage().contains("restore that directory"), refused.getMessage());
  }

  @Test
  void keepsItsDataAndLetsGoOfItsPort() throws Exception {
    EmbeddedZooKeeper first = EmbeddedZooKeeper.start(directory, 0);
    try (PlainZooKeeperClient client = new PlainZooKeeperClient(first)) {
      client.create("/a", (byte) 7);
    }
    first.close();
    first.close();
    assertTrue(first.awaitEnd());
    try (EmbeddedZooKeeper second = EmbeddedZooKeeper.start(directory, first.port());
        PlainZooKeeperClient client = new PlainZooKeeperClient(second)) {
      assertEquals("127.0.0.1:" + first.port(), second.connectString());
      assertEquals(7, client.read("/a")[0]);
    }
  }

  @Test
  void saysWhichPortIsTaken() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      IOException problem =
          assertThrows(
              IOException.class, () -> EmbeddedZooKeeper.start(directory, taken.getLocalPort()));
      assertTrue(
          problem.getMessage().contains("cannot listen on 127.0.0.1:" + taken.getLocalPort()),
          problem.getMessage());
    }
    // Nothing is left of the attempt that would be in the way of the next.
    EmbeddedZooKeeper.start(directory, 0).close();
  }

  @Test
  void refusesADirectoryThatIsInUse() throws Exception {
    EmbeddedZooKeeper first = EmbeddedZooKeeper.start(directory, 0);
    try (first) {
      IOException problem =
          assertThrows(IOException.class, () -> EmbeddedZooKeeper.start(directory, 0));
      assertTrue(problem.getMessage().contains("another ZooKeeper"), problem.getMessage());
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), first.port())) {
        assertTrue(socket.isConnected());
      }
    }
  }

  @Test
  void reservesLittleSpace() throws Exception {
    try (EmbeddedZooKeeper server = EmbeddedZooKeeper.start(directory, 0);
        PlainZooKeeperClient client = new PlainZooKeeperClient(server)) {
      client.create("/a");
      long size = 0;
      try (Stream<Path> files = Files.walk(directory)) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          size += Files.size(file);
        }
      }
      assertTrue(size < 2 * 1024 * 1024, size + " bytes");
    }
  }

  @Test
  void oldSnapshotsAreRemovedAndTheDataStays() throws Exception {
    for (int run = 0; run < 6; run++) {
      try (EmbeddedZooKeeper server = EmbeddedZooKeeper.start(directory, 0);
          PlainZooKeeperClient client = new PlainZooKeeperClient(server)) {
        client.create("/run-" + run);
      }
    }
    int before = snapshots();
    FileTxnSnapLog files = new FileTxnSnapLog(directory.toFile(), directory.toFile());
    try (SnapshotCleanup cleanup = new SnapshotCleanup(files, 3, 0)) {
      cleanup.run();
    }
    files.close();
    assertTrue(before > 3, before + " snapshots");
    assertEquals(3, snapshots());
    try (EmbeddedZooKeeper server = EmbeddedZooKeeper.start(directory, 0);
        PlainZooKeeperClient client = new PlainZooKeeperClient(server)) {
      for (int run = 0; run < 6; run++) {
        assertEquals(0, client.read("/run-" + run).length);
      }
    }
  }

  private int snapshots() throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      return (int)
          files.filter(file -> file.getFileName().toString().startsWith("snapshot.")).count();
    }
  }
}
