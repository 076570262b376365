import java.io.File;
import javax.xml.XMLConstants;
import javax.xml.transform.stream.StreamSource;
import javax.xml.validation.Schema;
import javax.xml.validation.SchemaFactory;
import org.xml.sax.SAXException;

/**
 * Validates files with the JDK's own schema validator, one the project shares no code with.
 *
 * Arguments: an XSD, then any number of XML files. Prints a line per file: "valid", or "invalid: " and the reason.
 */
public final class ValidateXsd {
    private ValidateXsd() {}

    public static void main(String[] arguments) throws Exception {
        SchemaFactory factory = SchemaFactory.newInstance(XMLConstants.W3C_XML_SCHEMA_NS_URI);
        factory.setProperty(XMLConstants.ACCESS_EXTERNAL_DTD, "");
        factory.setProperty(XMLConstants.ACCESS_EXTERNAL_SCHEMA, "file");
        Schema schema = factory.newSchema(new File(arguments[0]));
        for (int index = 1; index < arguments.length; index++) {
            try {
                schema.newValidator().validate(new StreamSource(new File(arguments[index])));
                System.out.println("valid");
            } catch (SAXException refusal) {
                System.out.println("invalid: " + refusal.getMessage().replace('\n', ' '));
            }
        }
    }
}
