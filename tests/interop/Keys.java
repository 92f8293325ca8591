import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.kstream.SessionWindowedSerializer;
import org.apache.kafka.streams.kstream.TimeWindowedSerializer;
import org.apache.kafka.streams.kstream.Window;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.internals.SessionWindow;
import org.apache.kafka.streams.kstream.internals.TimeWindow;

/**
 * Keys of windowed tables, as ksqlDB writes them: by Kafka Streams' own serializers.
 *
 * <p>Arguments: {@code time|session KEY START END}, any number of times. It prints one line of hexadecimal
 * for each.
 */
public final class Keys {
    private static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    private static final Serializer<Windowed<String>> TIME = new TimeWindowedSerializer<>(new StringSerializer());
    private static final Serializer<Windowed<String>> SESSION = new SessionWindowedSerializer<>(new StringSerializer());

    public static void main(String[] args) {
        for (int i = 0; i < args.length; i += 4) {
            boolean session = args[i].equals("session");
            long start = Long.parseLong(args[i + 2]);
            long end = Long.parseLong(args[i + 3]);
            Window window = session ? new SessionWindow(start, end) : new TimeWindow(start, end);
            byte[] key = (session ? SESSION : TIME).serialize("fraud_alerts", new Windowed<>(args[i + 1], window));
            OUT.println(HexFormat.of().formatHex(key));
        }
    }
}
