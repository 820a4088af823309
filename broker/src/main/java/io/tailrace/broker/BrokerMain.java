package io.tailrace.broker;

import io.tailrace.broker.config.BrokerConfig;
import io.tailrace.broker.config.ConfigException;
import io.tailrace.protocol.port.Clock;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/**
 * Starts a broker and waits for the signal to stop: {@code BrokerMain [--config FILE] [--set
 * KEY=VALUE]...}. Looks first whether it can start, and says everything that is in the way at once;
 * nothing is written or opened then. SIGTERM stops it cleanly and ends the process with 143, as
 * every program that a signal ends. Exit code 2 when the settings or arguments cannot be used here,
 * or with another cluster, 1 when the broker cannot start for another reason.
 */
public final class BrokerMain {
  private BrokerMain() {}

  public static void main(String[] arguments) throws InterruptedException {
    BrokerConfig config = null;
    try {
      config = configure(arguments);
      NativeLibraries.load(config.dataDirectory());
    } catch (ConfigException e) {
      e.problems().forEach(problem -> System.err.println("tailrace: " + problem));
      System.exit(StartupException.BAD_USAGE);
    }
    CountDownLatch stopped = new CountDownLatch(1);
    try {
      Broker broker = Broker.start(config, Clock.SYSTEM);
      broker.logSettings();
      Runtime.getRuntime()
          .addShutdownHook(
              new Thread(
                  () -> {
                    broker.close();
                    stopped.countDown();
                  },
                  "shutdown"));
    } catch (StartupException e) {
      System.err.println("tailrace: " + e.getMessage());
      System.exit(e.exitCode());
    }
    stopped.await();
  }

  private static BrokerConfig configure(String[] arguments) {
    Path file = null;
    List<String> overrides = new ArrayList<>();
    List<String> problems = new ArrayList<>();
    for (int i = 0; i < arguments.length; i++) {
      boolean hasValue = i + 1 < arguments.length;
      if (arguments[i].equals("--config") && hasValue) {
        file = Path.of(arguments[++i]);
      } else if (arguments[i].equals("--set") && hasValue) {
        overrides.add(arguments[++i]);
      } else {
        problems.add(arguments[i] + ": is not --config FILE or --set KEY=VALUE");
      }
    }
    return BrokerConfig.load(
        file,
        overrides,
        System.getenv(),
        (config, unreadable) -> {
          List<String> all = new ArrayList<>(problems);
          all.addAll(StartupCheck.problems(config, unreadable));
          return all;
        });
  }
}
