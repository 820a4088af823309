package io.tailrace.benchmarks.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Tailrace as its own start script starts it: one process, with the metadata store embedded. */
public final class TailraceBroker extends MeasuredBroker {
  private final int httpPort = freePort();
  private final HttpClient http = HttpClient.newHttpClient();
  private final List<String> settings = new ArrayList<>();
  private String jvmOptions;

  TailraceBroker(Processes processes, Checkout checkout, Path directory) {
    super(processes, checkout, directory);
    this.jvmOptions = "-Xmx" + checkout.brokerHeap();
  }

  /** Adds a setting, as {@code key=value}. To be called before the broker is started. */
  public void set(String setting) {
    settings.add(setting);
  }

  /** Gives the heap its full size at once. To be called before the broker is started. */
  public void fixHeap() {
    String heap = checkout.brokerHeap();
    jvmOptions = "-Xms" + heap + " -Xmx" + heap + " -XX:+AlwaysPreTouch";
  }

  @Override
  public void prepare() {
    // An empty directory is all that it needs.
  }

  @Override
  protected List<String> command() {
    List<String> command =
        new ArrayList<>(
            List.of(
                checkout.root().resolve("bin/broker").toString(),
                "start",
                "--set",
                "listener=" + HOST + ":" + port(),
                "--set",
                "http.listener=" + HOST + ":" + httpPort,
                "--set",
                "data.dir=" + directory.resolve("data")));
    settings.forEach(setting -> command.addAll(List.of("--set", setting)));
    return command;
  }

  @Override
  protected Map<String, String> environment() {
    return Map.of("JAVA_HOME", System.getProperty("java.home"), "TAILRACE_JVM_OPTS", jvmOptions);
  }

  /** Bytes of buffers outside the heap, of the network and of the JDK, by the broker's metrics. */
  public double directMemoryBytes() {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://" + HOST + ":" + httpPort + "/metrics")).build();
    try {
      List<String> lines = http.send(request, BodyHandlers.ofLines()).body().toList();
      return metric(lines, "tailrace_network_direct_memory_bytes")
          + metric(lines, "jvm_buffer_memory_used_bytes{id=\"direct\"}");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static double metric(List<String> page, String name) {
    return page.stream()
        .filter(line -> line.startsWith(name + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("the broker has no metric " + name));
  }
}
