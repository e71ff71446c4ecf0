//! Names and sentences in Khmer, Burmese, Thai and Vietnamese, as respondents say them.

use crate::chance::Chance;

/// A country of the study, by its ISO 3166-1 code.
pub const COUNTRIES: [&str; 4] = ["KH", "MM", "TH", "VN"];

const KH_NAMES: &[&str] = &["សុខ ចាន់ថា", "កែវ សុភា", "លី ម៉េងហួរ", "ចាន់ ដារ៉ា", "នួន ស្រីមុំ", "ហេង វិសាល"];
const MM_NAMES: &[&str] = &["ဒေါ်ခင်မာ", "ဦးအောင်မြင့်", "မသီတာ", "ကိုဇော်လင်း", "ဒေါ်အေးအေး", "ဦးတင်ဦး"];
const TH_NAMES: &[&str] = &[
    "สมหญิง ใจดี",
    "ประเสริฐ ทองคำ",
    "วันเพ็ญ ศรีสุข",
    "อนันต์ แก้วมณี",
    "มาลี บุญมา",
    "สุรชัย พงษ์ไทย",
];
const VN_NAMES: &[&str] = &[
    "Nguyễn Thị Hồng",
    "Trần Văn Lợi",
    "Lê Thị Mỹ Duyên",
    "Phạm Quốc Bảo",
    "Huỳnh Thị Kim Ngân",
    "Đặng Văn Út",
];

const KH_TEXTS: &[&str] = &[
    "លក់ម្រេចកំពតនៅផ្សារព្រំដែន",
    "កែច្នៃត្រីស្ងួត និងទឹកត្រី",
    "តម្លៃដឹកជញ្ជូនឡើងថ្លៃណាស់",
    "ខ្វះទឹកក្នុងរដូវប្រាំង",
    "ត្បាញក្រមា និងសូត្រតាមការកម្មង់",
];
const MM_TEXTS: &[&str] = &[
    "ငါးခြောက်နှင့် ငံပြာရည် ထုတ်လုပ်ရောင်းချသည်",
    "ကွမ်းသီးခြံလုပ်ငန်း",
    "လမ်းပန်းဆက်သွယ်ရေး ခက်ခဲသည်",
    "ရော်ဘာစေး ဝယ်ယူရောင်းချသည်",
    "လျှပ်စစ်မီး မကြာခဏ ပြတ်သည်",
];
const TH_TEXTS: &[&str] = &[
    "รับซื้อทุเรียนและมังคุดจากสวน",
    "แปรรูปมันสำปะหลังส่งโรงงาน",
    "ด่านปิดทำให้ส่งของไม่ได้",
    "ทอผ้าไหมและจักสานหวาย",
    "ค่าขนส่งแพงขึ้นมากในปีนี้",
];
const VN_TEXTS: &[&str] = &[
    "Thu mua lúa gạo và khô cá dọc biên giới",
    "Sản xuất nước mắm truyền thống",
    "Thiếu vốn lưu động vào mùa vụ",
    "Chế biến hạt điều xuất khẩu",
    "Thủ tục qua cửa khẩu mất nhiều thời gian",
];

/// The language name of a country's people.
pub fn language(country: &str) -> &'static str {
    match country {
        "KH" => "Khmer",
        "MM" => "Burmese",
        "TH" => "Thai",
        _ => "Vietnamese",
    }
}

/// A person's name.
pub fn name(country: &str, chance: &mut Chance) -> &'static str {
    let names = match country {
        "KH" => KH_NAMES,
        "MM" => MM_NAMES,
        "TH" => TH_NAMES,
        _ => VN_NAMES,
    };
    let name: &&str = chance.pick(names);
    name
}

/// A sentence about a business.
pub fn sentence(country: &str, chance: &mut Chance) -> &'static str {
    let texts = match country {
        "KH" => KH_TEXTS,
        "MM" => MM_TEXTS,
        "TH" => TH_TEXTS,
        _ => VN_TEXTS,
    };
    let text: &&str = chance.pick(texts);
    text
}
