package io.tailrace.benchmarks.compare;

import io.tailrace.benchmarks.compare.Work.Connection;
import io.tailrace.benchmarks.process.Peer;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/**
 * The client process of one measurement. Its figures leave on standard output, each as {@code
 * @result value name}; its exit code says whether they count.
 */
public final class ClientMain {
  static final String RESULT = "@result ";

  private ClientMain() {}

  /**
   * Runs one work.
   *
   * @param args peer, host, port, work, settings as {@code name=value}
   */
  public static void main(String[] args) {
    PrintStream out =
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    // Libraries that print do not disturb the results.
    System.setOut(System.err);
    try {
      Connection connection = new Connection(Peer.of(args[0]), args[1], Integer.parseInt(args[2]));
      Settings settings = Settings.of(Arrays.copyOfRange(args, 4, args.length));
      Work.named(args[3])
          .run(
              connection,
              settings,
              (name, value) ->
                  out.println(String.format(Locale.ROOT, "%s%.6f %s", RESULT, value, name)));
      out.flush();
      System.exit(0);
    } catch (Exception e) {
      e.printStackTrace();
      System.exit(1);
    }
  }
}
