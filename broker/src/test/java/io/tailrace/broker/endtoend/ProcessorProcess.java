package io.tailrace.broker.endtoend;

import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * A record processor in a process of its own, which can be killed. It handles a record by appending
 * its value to a topic, and fails for values that contain "bad".
 */
final class ProcessorProcess implements AutoCloseable {
  private final Process process;

  private ProcessorProcess(Process process) {
    this.process = process;
  }

  static ProcessorProcess start(String bootstrap, String group, String topic, String results)
      throws IOException {
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-Xmx128m",
            "-cp",
            System.getProperty("java.class.path"),
            ProcessorProcess.class.getName(),
            bootstrap,
            group,
            topic,
            results);
    return new ProcessorProcess(
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start());
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** As {@code kill -9} does. */
  @Override
  public void close() throws IOException {
    process.destroyForcibly().onExit().join();
    try (InputStream out = process.getInputStream()) {
      out.transferTo(OutputStream.nullOutputStream());
    }
  }

  /** Runs until it is killed, or the test that started it ends. */
  public static void main(String[] args) throws IOException {
    TailraceClient client = TailraceClient.connect(args[0]);
    var producer = client.producer(Serdes.string(), Serdes.string());
    client
        .recordProcessor(args[1], Serdes.string(), Serdes.string())
        .topics(args[2])
        .backoff(Duration.ofMillis(5), 2, Duration.ofMillis(20))
        .attempts(3)
        .commitInterval(Duration.ofMillis(20))
        .start(
            record -> {
              if (record.value().contains("bad")) {
                throw new IllegalStateException(record.value());
              }
              producer.send(args[3], record.key(), record.value()).join();
            });
    int end = System.in.read(); // nothing is written there: it ends when the starting process does
    System.exit(end < 0 ? 0 : 1);
  }
}
