package io.tailrace.broker.scripts;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Which process the scripts take for the server of a data directory. */
@EnabledOnOs(OS.LINUX)
class ServerIdentityTest {
  private static final String MAIN_CLASS = "io.tailrace.broker.BrokerMain";

  @TempDir Path directory;

  private Path mine;
  private Path other;
  private Process server;

  /** A process that looks like a broker and has the lock file of one directory open. */
  @BeforeEach
  void startServerOfTheOtherDirectory() throws IOException {
    mine = Files.createDirectory(directory.resolve("mine"));
    other = Files.createDirectory(directory.resolve("other"));
    Files.createFile(mine.resolve("broker.lock"));
    server =
        new ProcessBuilder(
                "sh",
                "-c",
                "exec 9>\"$2\"; echo ready; read -r end",
                "sh",
                MAIN_CLASS,
                other.resolve("broker.lock").toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    assertEquals('r', server.getInputStream().read());
  }

  @AfterEach
  void stopServer() {
    server.destroyForcibly();
  }

  private String found(Path data) throws IOException {
    Path script = Path.of("..", "bin", "daemon.sh").toAbsolutePath().normalize();
    Process shell =
        new ProcessBuilder(
                "sh",
                "-c",
                "program=broker main_class=$3 data_directory=$2 pid_file=$2/broker.pid;"
                    + " . \"$1\"; find_pid; printf %s \"$pid\"",
                "sh",
                script.toString(),
                data.toString(),
                MAIN_CLASS)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    return new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  private void notePid(Path data) throws IOException {
    Files.writeString(data.resolve("broker.pid"), server.pid() + "\n");
  }

  @Test
  void isTheProcessThatHasTheDirectorysLockFileOpen() throws IOException {
    notePid(other);
    assertEquals(Long.toString(server.pid()), found(other));
  }

  @Test
  void isNotAnotherDirectorysServerWhoseProcessIdIsInAStaleFile() throws IOException {
    notePid(mine);
    assertEquals("", found(mine));
  }
}
